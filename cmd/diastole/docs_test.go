package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/diastole/diastole/internal/admin"
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
		name := regexp.MustCompile(`"diastole_network(_\w+)"`).FindStringSubmatch(d.String())
		if name == nil || !strings.Contains(string(page), name[1]+"`") {
			t.Errorf("%v is not on the page", d)
		}
	}
	var table strings.Builder
	if err := (adviseCmd{}).print(&table, admin.NetworksPage{Networks: make([]admin.Network, 1)}); err != nil {
		t.Fatal(err)
	}
	header := strings.Split(table.String(), "\n")[2]
	for _, column := range regexp.MustCompile(` {2,}`).Split(header, -1) {
		if !strings.Contains(string(page), column) {
			t.Errorf("the column %q is not on the page", column)
		}
	}
}
