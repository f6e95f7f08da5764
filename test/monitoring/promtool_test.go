package monitoring

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const prometheus = "../../deploy/prometheus"

// promtool runs it, and gives what it printed. Without it the test is left out; on CI
// that is a failure: a proof that is left out in silence is none.
func promtool(t *testing.T, args ...string) (said string, err error) {
	t.Helper()
	if _, err := exec.LookPath("promtool"); err != nil {
		const why = "promtool is not installed (Debian package prometheus): run `make deps`"
		if os.Getenv("CI") == "true" {
			t.Fatal(why)
		}
		t.Skip(why)
	}
	out, err := exec.CommandContext(t.Context(), "promtool", args...).CombinedOutput()
	return string(out), err
}

// files are those of a pattern. They are read too: the go command calls a test cached
// whose files only a process that it starts has opened.
func files(t *testing.T, pattern string) map[string]string {
	t.Helper()
	names, err := filepath.Glob(pattern)
	if err != nil || len(names) == 0 {
		t.Fatalf("%s: no files, %v", pattern, err)
	}
	texts := map[string]string{}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		texts[name] = string(text)
	}
	return texts
}

func TestPrometheusTakesTheRulesAndTheExample(t *testing.T) {
	var rules []string
	for _, name := range []string{"recording", "alerts"} {
		for file := range files(t, prometheus+"/diastole."+name+".yml") {
			rules = append(rules, file)
		}
	}
	if said, err := promtool(t, append([]string{"check", "rules"}, rules...)...); err != nil {
		t.Errorf("check rules: %v\n%s", err, said)
	}
	files(t, prometheus+"/prometheus.example.yml")
	said, err := promtool(t, "check", "config", prometheus+"/prometheus.example.yml")
	if err != nil || !strings.Contains(said, "2 rule files found") {
		t.Errorf("check config: %v\n%s", err, said)
	}
}

func TestTheExampleOnThePageIsAConfiguration(t *testing.T) {
	page := files(t, "../../docs/prometheus.md")["../../docs/prometheus.md"]
	_, example, _ := strings.Cut(page, "```yaml\n")
	example, _, found := strings.Cut(example, "```")
	file := filepath.Join(t.TempDir(), "prometheus.yml")
	if !found || os.WriteFile(file, []byte(example), 0o600) != nil {
		t.Fatal("no example")
	}
	if said, err := promtool(t, "check", "config", "--syntax-only", file); err != nil {
		t.Errorf("%v\n%s", err, said)
	}
}

func TestEachAlertFiresWhereItShouldAndNowhereElse(t *testing.T) {
	files(t, prometheus+"/*.yml")
	for file := range files(t, prometheus+"/tests/*.yml") {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".yml"), func(t *testing.T) {
			t.Parallel()
			if said, err := promtool(t, "test", "rules", file); err != nil {
				t.Errorf("%v\n%s", err, said)
			}
		})
	}
}

// What promtool calls a success may have tested nothing.
func TestAWrongExpectationFails(t *testing.T) {
	store := files(t, prometheus+"/tests/store.yml")[prometheus+"/tests/store.yml"]
	rules, err := filepath.Abs(prometheus)
	if err != nil {
		t.Fatal(err)
	}
	wrong := strings.Replace(store, "value: 1}", "value: 2}", 1)
	wrong = strings.ReplaceAll(wrong, "../diastole.", rules+"/diastole.")
	file := filepath.Join(t.TempDir(), "wrong.yml")
	if wrong == store || os.WriteFile(file, []byte(wrong), 0o600) != nil {
		t.Fatal("nothing was made wrong")
	}
	if said, err := promtool(t, "test", "rules", file); err == nil || !strings.Contains(said, "DiastoleStoreFailing") {
		t.Errorf("%v\n%s", err, said)
	}
}
