package monitoring

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// rule is one of a rule file, alert or record.
type rule struct {
	Alert, Record, Expr, For string
	Labels, Annotations      map[string]string
}

func rules(t *testing.T, name string) (all []rule) {
	t.Helper()
	var file struct {
		Groups []struct {
			Name, Interval string
			Rules          []rule
		}
	}
	path := prometheus + "/diastole." + name + ".yml"
	if err := yaml.UnmarshalWithOptions([]byte(files(t, path)[path]), &file, yaml.Strict()); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	for _, g := range file.Groups {
		all = append(all, g.Rules...)
	}
	return all
}

func TestEachAlertTellsHowBadItIsAndWhatToDo(t *testing.T) {
	page, err := os.ReadFile("../../docs/prometheus.md")
	if err != nil {
		t.Fatal(err)
	}
	var seen []string
	for _, a := range rules(t, "alerts") {
		if !strings.HasPrefix(a.Alert, "Diastole") || slices.Contains(seen, a.Alert) {
			t.Errorf("%q: no name of ours, or there twice", a.Alert)
		}
		seen = append(seen, a.Alert)
		if s := a.Labels["severity"]; !slices.Contains([]string{"critical", "warning", "info"}, s) || len(a.Labels) != 1 {
			t.Errorf("%s: labels %v", a.Alert, a.Labels)
		}
		if len(a.Annotations["summary"]) < 15 || len(a.Annotations["description"]) < 80 || len(a.Annotations) != 2 {
			t.Errorf("%s: annotations %v", a.Alert, a.Annotations)
		}
		if row := "| `" + a.Alert + "` | " + a.Labels["severity"] + " |"; !strings.Contains(string(page), row) {
			t.Errorf("docs/prometheus.md has no row %q", row)
		}
	}
	for _, named := range regexp.MustCompile("`(Diastole[A-Z]\\w+)`").FindAllStringSubmatch(string(page), -1) {
		if !slices.Contains(seen, named[1]) {
			t.Errorf("docs/prometheus.md names %s, and there is none", named[1])
		}
	}
}

func TestEachAlertIsShownToFireAndToBeSilent(t *testing.T) {
	fires, silent := map[string]bool{}, map[string]bool{}
	ofAlert := regexp.MustCompile(`^count by \(alertname\) \(ALERTS\{alertname="(\w+)", alertstate="firing"\}\)$`)
	for _, one := range expectations(t) {
		if m := ofAlert.FindStringSubmatch(one.Expr); m != nil {
			fires[m[1]] = fires[m[1]] || len(one.Samples) > 0
			silent[m[1]] = silent[m[1]] || len(one.Samples) == 0
		}
	}
	for _, a := range rules(t, "alerts") {
		if !fires[a.Alert] {
			t.Errorf("%s: no test shows it fire", a.Alert)
		}
		if !silent[a.Alert] {
			t.Errorf("%s: no test shows it silent", a.Alert)
		}
		delete(fires, a.Alert)
	}
	for name := range fires {
		t.Errorf("%s is tested, and there is no such alert: its silence is no proof", name)
	}
}

func TestEachRecordedFigureIsUsedAndDescribed(t *testing.T) {
	page, err := os.ReadFile("../../docs/prometheus.md")
	if err != nil {
		t.Fatal(err)
	}
	text := ""
	for _, a := range rules(t, "alerts") {
		text += a.Expr
	}
	for _, one := range expectations(t) {
		text += one.Expr
	}
	for _, r := range rules(t, "recording") {
		if !regexp.MustCompile(`^instance:diastole_[a-z_]+:[a-z0-9_]+$`).MatchString(r.Record) {
			t.Errorf("%s is not level:metric:operations", r.Record)
		}
		if !strings.Contains(text, r.Record) || !strings.Contains(string(page), "`"+r.Record+"`") {
			t.Errorf("%s: nothing uses it, or docs/prometheus.md does not name it", r.Record)
		}
	}
}

// expectation is what a test says of a query.
type expectation struct {
	Expr    string
	At      string `yaml:"eval_time"`
	Samples []struct {
		Labels string
		Value  float64
	} `yaml:"exp_samples"`
}

func expectations(t *testing.T) (all []expectation) {
	t.Helper()
	for name, text := range files(t, prometheus+"/tests/*.yml") {
		var file struct {
			Tests []struct {
				Expressions []expectation `yaml:"promql_expr_test"`
			}
		}
		if err := yaml.Unmarshal([]byte(text), &file); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, one := range file.Tests {
			all = append(all, one.Expressions...)
		}
	}
	return all
}
