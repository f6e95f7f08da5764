package wake

import (
	"os"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

// value is a metric's, of the source where it has that label.
func value(t *testing.T, r *prometheus.Registry, name, source string) float64 {
	t.Helper()
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if f.GetName() == "diastole_wake_"+name && (source == "" || m.GetLabel()[0].GetValue() == source) {
				return m.GetCounter().GetValue() + m.GetGauge().GetValue()
			}
		}
	}
	t.Fatalf("no metric %s of %q", name, source)
	return 0
}

func TestTheSourcePagesNameEveryMetricOfTheHub(t *testing.T) {
	page, err := os.ReadFile("../../docs/wake-dovecot.md")
	if err != nil {
		t.Fatal(err)
	}
	r := prometheus.NewRegistry()
	NewHealth("dovecot", nil, NewMetrics(r, "dovecot"), 0)
	families, err := r.Gather()
	if err != nil || len(families) != 5 {
		t.Fatalf("%d metrics, %v", len(families), err)
	}
	for _, f := range families {
		if !strings.Contains(string(page), "`"+f.GetName()) {
			t.Errorf("%s is not on the page", f.GetName())
		}
	}
}
