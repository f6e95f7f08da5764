package monitoring

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// A query may be understood and give nothing whatever happens: two sides of a division
// whose labels never meet, a value that no label has. So each one is asked where every
// metric of docs/metrics.md has a series for every value of its labels.
func TestEveryQueryFindsSomethingWhereThereIsEverything(t *testing.T) {
	type expected struct {
		Labels string `json:"labels"`
		Value  int    `json:"value"`
	}
	type asked struct {
		Expr    string     `json:"expr"`
		At      string     `json:"eval_time"`
		Samples []expected `json:"exp_samples"`
	}
	var expressions []asked
	all := queries(t)
	for _, q := range all {
		expressions = append(expressions, asked{"count(" + filled(q.expr) + ") > bool 0", "20m", []expected{{"{}", 1}}})
	}
	text, err := json.Marshal(map[string]any{"evaluation_interval": "1m", "tests": []any{map[string]any{
		"interval": "1m", "input_series": everything(t), "promql_expr_test": expressions,
	}}})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "answers.json")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	if said, err := promtool(t, "test", "rules", file); err != nil {
		t.Errorf("%v\n%s", err, said)
	}
}

type series struct {
	Series string `json:"series"`
	Values string `json:"values"`
}

// everything are series of all metrics there are.
func everything(t *testing.T) (all []series) {
	t.Helper()
	page := files(t, "../../docs/metrics.md")["../../docs/metrics.md"]
	for _, row := range regexp.MustCompile("(?m)^\\| `(\\w+)` \\| (\\w+) \\|(.*?)\\|").FindAllStringSubmatch(page, -1) {
		for _, labels := range labelSets(row[3]) {
			all = append(all, seriesOf(row[1], row[2], labels)...)
		}
	}
	if len(all) < 150 {
		t.Fatalf("only %d series", len(all))
	}
	for name, value := range map[string]string{
		"process_start_time_seconds": "1150x30", "process_open_fds": "100x30", "process_max_fds": "1000x30",
		"process_resident_memory_bytes": "1x30", "process_cpu_seconds_total": "0+1x30",
	} {
		all = append(all, series{named(name, nil), value})
	}
	return append(all, series{named("ALERTS", []string{`alertname="DiastoleNetworkLimitFell"`, `alertstate="firing"`, `network="office"`}), "1x30"})
}

func seriesOf(name, kind string, labels []string) []series {
	switch kind {
	case "counter":
		return []series{{named(name, labels), "0+3x30"}}
	case "histogram":
		all := []series{{named(name+"_sum", labels), "0+9x30"}, {named(name+"_count", labels), "0+3x30"}}
		for le, values := range map[string]string{"1": "0+1x30", "10": "0+2x30", "+Inf": "0+3x30"} {
			all = append(all, series{named(name+"_bucket", append(labels[:len(labels):len(labels)], `le="`+le+`"`)), values})
		}
		return all
	}
	return []series{{named(name, labels), "1x30"}}
}

func named(name string, labels []string) string {
	return name + "{" + strings.Join(append([]string{`job="diastole"`, `instance="a"`}, labels...), ",") + "}"
}

// labelSets reads a cell like "`kind`, `proof`: `acked`, `lost`; `told`: ...": for each
// label its values, which are `some` where the page names none.
func labelSets(cell string) [][]string {
	sets := [][]string{nil}
	words := regexp.MustCompile("`([^`]+)`")
	for part := range strings.SplitSeq(cell, ";") {
		names, values, _ := strings.Cut(part, ":")
		labels := words.FindAllStringSubmatch(names, -1)
		for i, label := range labels {
			found := words.FindAllStringSubmatch(values, -1)
			if i < len(labels)-1 || len(found) == 0 {
				found = [][]string{{"", "some"}}
			}
			var next [][]string
			for _, set := range sets {
				for _, value := range found {
					next = append(next, append(set[:len(set):len(set)], label[1]+`="`+value[1]+`"`))
				}
			}
			sets = next
		}
	}
	return sets
}
