package imap

import (
	"os"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

func TestThePageNamesEveryMetricAndLabel(t *testing.T) {
	page, err := os.ReadFile("../../../docs/wake-imap.md")
	if err != nil {
		t.Fatal(err)
	}
	r := prometheus.NewRegistry()
	newMetrics(r)
	families, err := r.Gather()
	if err != nil || len(families) != 5 {
		t.Fatalf("%d metrics, %v", len(families), err)
	}
	for _, f := range families {
		row := ""
		for line := range strings.Lines(string(page)) {
			if strings.HasPrefix(line, "| `"+f.GetName()) {
				row = line
			}
		}
		if row == "" {
			t.Errorf("%s is not on the page", f.GetName())
		}
		for _, m := range f.GetMetric() {
			for _, label := range m.GetLabel() {
				if !strings.Contains(row, "{"+label.GetName()+"}") || !strings.Contains(row, "`"+label.GetValue()+"`") {
					t.Errorf("%s: %s %q is not on the page", f.GetName(), label.GetName(), label.GetValue())
				}
			}
		}
	}
}
