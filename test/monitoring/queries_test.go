package monitoring

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// query is one of a dashboard, and where it stands.
type query struct{ at, expr string }

func queries(t *testing.T) (all []query) {
	t.Helper()
	for name, d := range boards(t) {
		for _, a := range d.Annotations.List {
			if a.BuiltIn == 0 {
				all = append(all, query{name + ": annotation " + a.Name, a.Target.Expr})
			}
		}
		for _, p := range d.Panels {
			for _, q := range p.Targets {
				all = append(all, query{name + ": " + p.Title + " " + q.RefID, q.Expr})
			}
		}
		for _, v := range d.Templating.List[1:] {
			all = append(all, query{name + ": variable " + v.Name, labelValues.FindStringSubmatch(v.Definition)[1]})
		}
	}
	return all
}

var labelValues = regexp.MustCompile(`^label_values\((.*), (\w+)\)$`)

// filled puts in what Grafana would.
func filled(expr string) string {
	return strings.NewReplacer("$__rate_interval", "5m", "$__range_s", "86400", "$__range", "1d",
		"$job", "diastole", "$instance", "a|b", "$network", ".*").Replace(expr)
}

// Prometheus' own parser is the judge, by way of a file of recording rules. (As a
// library it would bring some hundred modules into go.sum.)
func TestPrometheusUnderstandsEveryQuery(t *testing.T) {
	all := queries(t)
	if len(all) < 100 {
		t.Fatalf("only %d queries", len(all))
	}
	type record struct {
		Record string `json:"record"`
		Expr   string `json:"expr"`
	}
	var rules []record
	for i, q := range all {
		rules = append(rules, record{fmt.Sprintf("q:%d", i), filled(q.expr)})
	}
	text, err := json.Marshal(map[string]any{"groups": []any{map[string]any{"name": "g", "rules": rules}}})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "queries.json") // JSON is YAML
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	said, err := promtool(t, "check", "rules", file)
	if err != nil || !strings.Contains(said, fmt.Sprintf("%d rules found", len(all))) {
		t.Errorf("%v\n%s", err, said)
		for _, at := range regexp.MustCompile(`"q:(\d+)"`).FindAllStringSubmatch(said, -1) {
			var i int
			fmt.Sscan(at[1], &i)
			t.Errorf("q:%d is %s: %s", i, all[i].at, all[i].expr)
		}
	}
}

func TestEachQueryIsOfTheNodesThatWereChosen(t *testing.T) {
	chosen := `job=~"$job", instance=~"$instance"`
	selector := regexp.MustCompile(`(?:\b(?:diastole|process)_\w+|__name__)(\{[^}]*\})?`)
	for _, q := range queries(t) {
		expr := strings.ReplaceAll(q.expr, "on (job, instance) diastole_build_info", "") // joined with what was chosen
		if strings.Contains(q.at, "variable") {
			continue // jobs come first, nodes of these, networks of both
		}
		for _, s := range selector.FindAllString(regexp.MustCompile(`\{__name__=~"[^"]*"`).ReplaceAllString(expr, `diastole_any{`), -1) {
			if !strings.Contains(s, chosen) {
				t.Errorf("%s: %s does not ask for them", q.at, s)
			}
		}
	}
}

// A variable that nobody declares stays in the query as it is.
func TestEachVariableIsDeclared(t *testing.T) {
	builtIn := []string{"__rate_interval", "__range", "__range_s"}
	for name, d := range boards(t) {
		declared := slices.Clone(builtIn)
		for _, v := range d.Templating.List {
			declared = append(declared, v.Name)
			if v.Type != "query" {
				continue
			}
			var asked struct {
				QryType      int
				Query, RefID string
			}
			if err := strict(v.Query, &asked); err != nil || asked.Query != v.Definition || !labelValues.MatchString(v.Definition) {
				t.Errorf("%s: variable %s: %v, %q and %q", name, v.Name, err, asked.Query, v.Definition)
			}
		}
		used := map[string]bool{}
		for _, p := range d.Panels {
			text := p.Title
			for _, q := range p.Targets {
				text += " " + q.Expr
			}
			if p.Repeat != "" {
				text += " $" + p.Repeat
			}
			for _, v := range regexp.MustCompile(`\$\{?(\w+)`).FindAllStringSubmatch(text, -1) {
				used[v[1]] = true
				if !slices.Contains(declared, v[1]) {
					t.Errorf("%s: %s: nobody declares $%s", name, p.Title, v[1])
				}
			}
		}
		for _, v := range d.Templating.List[1:] {
			if !used[v.Name] {
				t.Errorf("%s: the variable %s is for nothing", name, v.Name)
			}
		}
	}
}
