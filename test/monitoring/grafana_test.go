package monitoring

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// boards are the dashboards by the name of their file.
func boards(t *testing.T) map[string]*dashboard {
	t.Helper()
	all := map[string]*dashboard{}
	for file, text := range files(t, "../../deploy/grafana/*.json") {
		d := new(dashboard)
		if err := strict([]byte(text), d); err != nil {
			t.Errorf("%s: not Grafana's schema: %v", file, err)
			continue
		}
		all[strings.TrimSuffix(filepath.Base(file), ".json")] = d
	}
	return all
}

func TestTheDashboardsAreWhatGrafanaReads(t *testing.T) {
	all, uids := boards(t), map[string]bool{}
	for _, name := range []string{"fleet", "networks", "upstream"} {
		d := all[name]
		if d == nil {
			t.Errorf("%s is missing", name)
			continue
		}
		// A uid has 40 characters at most; two dashboards with one uid replace each other.
		if !regexp.MustCompile(`^diastole-[a-z]{3,30}$`).MatchString(d.UID) || uids[d.UID] {
			t.Errorf("%s: uid %q", name, d.UID)
		}
		uids[d.UID] = true
		if d.SchemaVersion != 42 || d.Title != "diastole / "+name || d.Description == "" || len(d.Panels) < 10 {
			t.Errorf("%s: schema %d, title %q, description %q, %d panels", name, d.SchemaVersion, d.Title, d.Description, len(d.Panels))
		}
		if !slices.Contains(d.Tags, "diastole") || d.Links[0].Type != "dashboards" || !slices.Equal(d.Links[0].Tags, []string{"diastole"}) {
			t.Errorf("%s: the dashboards do not lead to each other: tags %q, links %+v", name, d.Tags, d.Links)
		}
	}
}

func TestEachPanelSaysWhatItShowsAndInWhichUnit(t *testing.T) {
	for name, d := range boards(t) {
		titles := map[string]bool{}
		for _, p := range d.Panels {
			if p.Type == "row" {
				continue
			}
			at := name + ": " + p.Title
			if err := p.shaped(); err != nil {
				t.Errorf("%s: %v", at, err)
			}
			if p.Title == "" || titles[p.Title] || len(p.Description) < 20 || !strings.HasSuffix(p.Description, ".") {
				t.Errorf("%s: a title twice, or no description: %q", at, p.Description)
			}
			titles[p.Title] = true
			if !slices.Contains(units, p.FieldConfig.Defaults.Unit) {
				t.Errorf("%s: unit %q", at, p.FieldConfig.Defaults.Unit)
			}
			for _, o := range p.FieldConfig.Overrides {
				for _, property := range o.Properties {
					if property.ID == "unit" && !slices.Contains(units, strings.Trim(string(property.Value), `"`)) {
						t.Errorf("%s: unit %s of %s", at, property.Value, o.Matcher.Options)
					}
				}
			}
			steps := p.FieldConfig.Defaults.Thresholds.Steps
			for i, s := range steps { // Grafana takes the first for "from minus infinity on"
				if i == 0 && s.Value != nil || i > 0 && (s.Value == nil || i > 1 && *s.Value <= *steps[i-1].Value) {
					t.Errorf("%s: thresholds are not in order", at)
				}
			}
		}
	}
}

// units are ids of Grafana's value formats (@grafana/data, valueFormats/categories); an
// unknown one is shown behind the figure as a text.
var units = []string{"short", "percentunit", "s", "bytes", "ops", "reqps", "bool_yes_no"}

func TestPanelsStandBesideEachOther(t *testing.T) {
	for name, d := range boards(t) {
		ids, taken := map[int]string{}, map[[2]int]string{}
		row := 0
		for _, p := range d.Panels {
			if other, twice := ids[p.ID]; twice || p.ID < 1 {
				t.Errorf("%s: %q has the id %d, as %q", name, p.Title, p.ID, other)
			}
			ids[p.ID] = p.Title
			b := p.GridPos
			if b.H < 1 || b.W < 1 || b.X < 0 || b.Y < 0 || b.X+b.W > 24 || b.Y < row {
				t.Errorf("%s: %q stands at %+v, outside or above its row", name, p.Title, b)
			}
			if p.Type == "row" {
				row = b.Y
				if b.W != 24 || b.H != 1 || p.Collapsed || len(p.Panels) > 0 {
					t.Errorf("%s: row %q: %+v", name, p.Title, p)
				}
			}
			for x := b.X; x < b.X+b.W; x++ {
				for y := b.Y; y < b.Y+b.H; y++ {
					if other := taken[[2]int{x, y}]; other != "" {
						t.Fatalf("%s: %q lies over %q", name, p.Title, other)
					}
					taken[[2]int{x, y}] = p.Title
				}
			}
		}
	}
}

// A data source by name or id is one of the author's Grafana; an address would be
// fetched by everybody who looks.
func TestTheDashboardsAskOneDataSourceAndNobodyElse(t *testing.T) {
	chosen := source{"prometheus", "${datasource}"}
	for name, d := range boards(t) {
		if v := d.Templating.List[0]; v.Name != "datasource" || v.Type != "datasource" || string(v.Query) != `"prometheus"` {
			t.Errorf("%s: the first variable is %+v", name, v)
		}
		for _, a := range d.Annotations.List {
			if a.Datasource != chosen && (a.BuiltIn != 1 || a.Datasource != source{"grafana", "-- Grafana --"}) {
				t.Errorf("%s: annotation %q asks %v", name, a.Name, a.Datasource)
			}
		}
		for _, v := range d.Templating.List[1:] {
			if v.Datasource != chosen {
				t.Errorf("%s: variable %s asks %v", name, v.Name, v.Datasource)
			}
		}
		for _, p := range d.Panels {
			if p.Type == "row" {
				continue
			}
			if p.Datasource != chosen || len(p.Targets) == 0 {
				t.Errorf("%s: %s asks %v, %d queries", name, p.Title, p.Datasource, len(p.Targets))
			}
			for i, q := range p.Targets {
				if q.Datasource != chosen || q.RefID != string(rune('A'+i)) || q.Range == q.Instant {
					t.Errorf("%s: %s: query %+v", name, p.Title, q)
				}
			}
		}
	}
	for file, text := range files(t, "../../deploy/grafana/*") {
		if found := regexp.MustCompile(`(?i)https?://|//[a-z0-9]|<\s*(script|img|iframe)`).FindString(text); found != "" {
			t.Errorf("%s has %q in it", file, found)
		}
	}
}
