package dav

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

func page(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../../docs/wake-dav.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestThePageNamesEveryMetricAndResult(t *testing.T) {
	text, registry := page(t), prometheus.NewRegistry()
	s, err := New(Config{URL: "https://sogo.test/SOGo/dav", Registerer: registry})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	families, err := registry.Gather()
	if err != nil || len(families) != 4 {
		t.Fatal(families, err)
	}
	for _, f := range families {
		if !strings.HasPrefix(f.GetName(), "diastole_wake_dav_") || !strings.Contains(text, "`"+f.GetName()) {
			t.Errorf("%s is not on the page", f.GetName())
		}
		for _, m := range f.GetMetric() {
			for _, label := range m.GetLabel() {
				if !strings.Contains(text, "`"+label.GetValue()+"`") {
					t.Errorf("%s{%s=%q} is not on the page", f.GetName(), label.GetName(), label.GetValue())
				}
			}
		}
	}
}

func TestThePageSaysTheLimitsThatAre(t *testing.T) {
	const words = "over 256 KiB|4 at a time|100 a second|more than 10,000 users|for an hour|15 s|within a minute|again after 15 min|more than once a minute"
	for _, said := range strings.Split(words, "|") {
		if !strings.Contains(page(t), said) {
			t.Errorf("the page does not say %q", said)
		}
	}
	if mostBytes != 256<<10 || looksAtOnce != 4 || time.Second/turn*looksAtOnce != 100 || mostAccounts != 10_000 || lingers != time.Hour ||
		patience != 15*time.Second || retry != time.Minute || rest != 15*time.Minute || refusedPause != time.Minute {
		t.Error("a limit has changed: change it on the page and here")
	}
}
