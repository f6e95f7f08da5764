package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/diastole/diastole/internal/admin"
	"github.com/diastole/diastole/internal/config"
)

func TestTheConfigurationsInTheFirewallPageAreAccepted(t *testing.T) {
	page, err := os.ReadFile("../../docs/firewall.md")
	if err != nil {
		t.Fatal(err)
	}
	examples := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(string(page), -1)
	if len(examples) < 4 {
		t.Fatalf("only %d examples", len(examples))
	}
	dir := t.TempDir()
	for _, example := range examples {
		file := filepath.Join(dir, "diastole.yaml")
		text := "upstream: {url: https://exchange.internal}\n" + strings.ReplaceAll(example[1], "/var/lib/diastole/", "")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if o := runProgram(t, "", "check", "--config", file); o.code != exitOK {
			t.Errorf("%s in:\n%s", o.err, text)
		}
	}
}

func TestTheFirewallPageNamesEveryColumnAndMetric(t *testing.T) {
	page, err := os.ReadFile("../../docs/firewall.md")
	if err != nil {
		t.Fatal(err)
	}
	descriptions := make(chan *prometheus.Desc, 100)
	(&networkMetrics{}).Describe(descriptions)
	close(descriptions)
	for d := range descriptions {
		name := regexp.MustCompile(`"diastole_networks?(_\w+)"`).FindStringSubmatch(d.String())
		if name == nil || !strings.Contains(string(page), name[1]+"`") {
			t.Errorf("%v is not on the page", d)
		}
	}
	var table strings.Builder
	if err := (adviseCmd{}).print(paper{Writer: &table}, admin.NetworksPage{Networks: make([]admin.Network, 1)}); err != nil {
		t.Fatal(err)
	}
	header := strings.Split(table.String(), "\n")[2]
	for _, column := range regexp.MustCompile(` {2,}`).Split(header, -1) {
		if !strings.Contains(string(page), column) {
			t.Errorf("the column %q is not on the page", column)
		}
	}
}

// Every key stands in exactly one of the two lists: in force at once, or not.
func TestTheOperatingPageSaysOfEveryKeyWhetherAReloadChangesIt(t *testing.T) {
	text := operatingPage(t)
	_, lists, _ := strings.Cut(text, "**In force at once:**")
	atOnce, lists, _ := strings.Cut(lists, "**A new `listen`:**")
	_, lists, _ = strings.Cut(lists, "**Needs a restart:**")
	restart, _, found := strings.Cut(lists, "## ")
	if !found {
		t.Fatal("the lists are not where they were")
	}
	for _, key := range config.Keys() {
		want, other := atOnce, restart
		if needsRestart(key) {
			want, other = restart, atOnce
		}
		if strings.HasPrefix(key, "policy.") {
			key = "policy.*"
		}
		if !strings.Contains(want, "`"+key+"`") || strings.Contains(other, "`"+key+"`") {
			t.Errorf("%s: not in its list, or in the other", key)
		}
	}
}

func TestTheOperatingPageNamesTheMetricsOfReloadsAndTheRightNumbers(t *testing.T) {
	text := operatingPage(t)
	r := prometheus.NewRegistry()
	newReloads(r)
	families, err := r.Gather()
	if err != nil || len(families) != 3 {
		t.Fatalf("%d metrics, %v", len(families), err)
	}
	for _, f := range families {
		if !strings.Contains(text, "`"+f.GetName()) {
			t.Errorf("%s is not on the page", f.GetName())
		}
	}
	for _, maxWaits := range []int{0, 200} {
		n := connections(20_000, maxWaits)
		if phones := fmt.Sprintf("| %d,%03d |", n/1000, n%1000); !strings.Contains(text, phones) {
			t.Errorf("%s is not on the page", phones)
		}
	}
}

func operatingPage(t *testing.T) string {
	t.Helper()
	page, err := os.ReadFile("../../docs/operating.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(page)
}
