package packaging

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"helm.sh/helm/v3/pkg/strvals"
	"sigs.k8s.io/yaml"
)

func installPage(t *testing.T) string {
	t.Helper()
	page, err := os.ReadFile("../../docs/install.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(page)
}

// Every --set of the page is one that the chart takes.
func TestTheChartTakesWhatTheInstallPageSets(t *testing.T) {
	paragraphs := regexp.MustCompile(`(?m)^(?:helm .*|- \*\*(?:.+\n)+)`).FindAllString(installPage(t), -1)
	set := regexp.MustCompile(`--set ([^\s` + "`" + `]+)`)
	tried := 0
	for _, text := range paragraphs {
		given := map[string]any{"config": map[string]any{"upstream": map[string]any{"url": "https://exchange.internal"}}}
		for _, s := range set.FindAllStringSubmatch(text, -1) {
			if err := strvals.ParseInto(s[1], given); err != nil {
				t.Errorf("%s: %v", s[1], err)
			}
			tried++
		}
		values, err := yaml.Marshal(given)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := render(t, string(values)); err != nil {
			t.Errorf("%v in\n%s", err, text)
		}
	}
	if tried < 7 {
		t.Errorf("only %d settings were found", tried)
	}
}

func TestTheInstallPageNamesWhatTheChartMakes(t *testing.T) {
	files, err := render(t, cases["the least that is needed"])
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, text := range files {
		all.WriteString(text)
	}
	named := regexp.MustCompile(`(?:service/|service |secret )(push-diastole[\w-]*)`).FindAllStringSubmatch(installPage(t), -1)
	if len(named) < 3 {
		t.Errorf("only %q", named)
	}
	for _, name := range named { // the page's release is push, the tests' is mail
		if !strings.Contains(all.String(), "name: "+strings.Replace(name[1], "push", "mail", 1)+"\n") {
			t.Errorf("the chart makes no %s", name[1])
		}
	}
	for _, path := range regexp.MustCompile("`?(deploy/[\\w/.-]+\\w)").FindAllStringSubmatch(installPage(t), -1) {
		if _, err := os.Stat(filepath.Join("../..", path[1])); err != nil {
			t.Error(err)
		}
	}
}
