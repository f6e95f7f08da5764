package main

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	"go.uber.org/zap"

	"github.com/diastole/diastole/heartbeat"
	"github.com/diastole/diastole/internal/config"
)

// metric is one that the program shows.
type metric struct {
	kind   string   // counter, gauge, histogram; "" where it shows nothing before its first event
	labels []string // those of each series, sorted
	values map[string][]string
}

// ownMetrics are all metrics of a program that has everything switched on, by name;
// theirs are those of the Go runtime and the process.
func ownMetrics(t *testing.T) (own map[string]metric, theirs []string) {
	t.Helper()
	token := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(token, []byte(rung), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Parse("all.yaml", []byte(`
listen: 127.0.0.1:0
upstream: {url: "http://127.0.0.1:1", hold: edge}
admin: {listen: 127.0.0.1:0}
policy: {networks: [{name: office, prefixes: [10.0.0.0/8]}]}
state: {path: `+filepath.Join(t.TempDir(), "state.db")+`, redis: "redis://127.0.0.1:1", key_file: `+token+`}
wake:
  dovecot: {listen: 127.0.0.1:0, token_file: `+token+`}
  imap: {address: 127.0.0.1:1, tls: none}
  jmap: {url: "https://127.0.0.1:1/"}
  dav: {url: "http://127.0.0.1:1/"}
`))
	if err != nil {
		t.Fatal(err)
	}
	registry := newRegistry(thisBuild())
	d := newDaemon(cfg, zap.NewNop(), registry)
	defer d.close()
	if err := d.assemble(t.Context(), registry); err != nil {
		t.Fatal(err)
	}
	teach(d.learned.networks, heartbeat.Network{Name: "office", HTTP: 1})
	named(t, registry)
	return parted(t, described(registry), registry)
}

// named holds the names and help texts against Prometheus' own rules.
func named(t *testing.T, r prometheus.Gatherer) {
	t.Helper()
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	problems, err := promlint.NewWithMetricFamilies(families).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		if strings.HasPrefix(p.Metric, "diastole_") {
			t.Errorf("%s: %s", p.Metric, p.Text)
		}
	}
}

// teach lets a network have something to show.
func teach(networks *heartbeat.Networks, office heartbeat.Network) {
	now := time.Now()
	for device := range uint64(8) {
		networks.Asked(now, office, 8*time.Minute)
		networks.Observe(now, office, heartbeat.Evidence{Device: device, At: 5 * time.Minute})
		networks.Observe(now, office, heartbeat.Evidence{Device: device, At: 8 * time.Minute, Died: true})
	}
}

var desc = regexp.MustCompile(`fqName: "(\w+)".*variableLabels: \{([\w,]*)\}`)

// described are the names and labels of all metrics, with series or without.
func described(r *prometheus.Registry) map[string]metric {
	all, descs := map[string]metric{}, make(chan *prometheus.Desc, 1000)
	r.Describe(descs)
	close(descs)
	for d := range descs {
		found := desc.FindStringSubmatch(d.String())
		labels := strings.FieldsFunc(found[2], func(r rune) bool { return r == ',' })
		slices.Sort(labels)
		all[found[1]] = metric{labels: labels, values: map[string][]string{}}
	}
	return all
}

// parted adds what the series show, and parts ours from the libraries'.
func parted(t *testing.T, all map[string]metric, r prometheus.Gatherer) (own map[string]metric, theirs []string) {
	t.Helper()
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	own = map[string]metric{}
	for _, f := range families {
		m, known := all[f.GetName()]
		if !known { // Go's own, of which some come undescribed
			m = metric{values: map[string][]string{}}
		}
		m.kind = strings.ToLower(f.GetType().String())
		for _, series := range f.GetMetric() {
			for _, l := range series.GetLabel() {
				m.values[l.GetName()] = append(m.values[l.GetName()], l.GetValue())
			}
		}
		if len(m.labels) == 0 { // constant ones
			m.labels = slices.Sorted(maps.Keys(m.values))
		}
		all[f.GetName()] = m
	}
	for name, m := range all {
		if strings.HasPrefix(name, "diastole_") {
			own[name] = m
		} else {
			theirs = append(theirs, name)
		}
	}
	return own, theirs
}

var (
	// open are the labels whose values the configuration, the build or the phones decide.
	open = []string{"network", "http", "version", "commit"}
	// elsewhere are values that the page has in its first lines, or that are no word.
	elsewhere = []string{"ping", "sync", ""}
)

func TestEveryMetricIsOnItsPageWithItsTypeAndLabels(t *testing.T) {
	rows := metricRows(t)
	own, _ := ownMetrics(t)
	for name, m := range own {
		row, ok := rows[name]
		if !ok {
			t.Errorf("docs/metrics.md has no row for %s", name)
			continue
		}
		counts := strings.HasSuffix(name, "_total")
		if row.kind != m.kind && m.kind != "" || (row.kind == "counter") != counts {
			t.Errorf("%s is a %s, the page says %s", name, m.kind, row.kind)
		}
		for _, l := range m.labels {
			if !slices.Contains(row.named, l) {
				t.Errorf("%s: the page does not name the label %s", name, l)
			}
			for _, value := range m.values[l] {
				if !slices.Contains(row.named, value) && !slices.Contains(open, l) && !slices.Contains(elsewhere, value) {
					t.Errorf("%s: the page does not name the value %s of %s", name, value, l)
				}
			}
		}
		if len(m.labels) == 0 && len(row.named) > 0 || row.unit == "" || len(row.says) < 5 {
			t.Errorf("%s: labels %v that it has not, or no unit, or no meaning: %+v", name, row.named, row)
		}
		delete(rows, name)
	}
	for name := range rows {
		t.Errorf("docs/metrics.md has a row for %s, and there is no such metric", name)
	}
}

// metricRow is one of a table in docs/metrics.md.
type metricRow struct {
	kind  string
	named []string // labels and their values
	unit  string
	says  string
}

func metricRows(t *testing.T) map[string]metricRow {
	t.Helper()
	page, err := os.ReadFile("../../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]metricRow{}
	for _, row := range regexp.MustCompile("(?m)^\\| `(diastole_\\w+)` \\| (\\w+) \\| ?(.*?) ?\\| (.*?) \\| (.*) \\|$").FindAllStringSubmatch(string(page), -1) {
		var named []string
		for _, word := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(row[3], -1) {
			named = append(named, word[1])
		}
		if _, twice := rows[row[1]]; twice {
			t.Errorf("docs/metrics.md has %s twice", row[1])
		}
		rows[row[1]] = metricRow{row[2], named, row[4], row[5]}
	}
	return rows
}
