package jmap

import (
	"os"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

func TestThePageNamesEveryMetricAndReason(t *testing.T) {
	text, err := os.ReadFile("../../../docs/wake-jmap.md")
	if err != nil {
		t.Fatal(err)
	}
	page, registry := string(text), prometheus.NewRegistry()
	s, err := New(Config{URL: "https://mail.test", Registerer: registry})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	families, err := registry.Gather()
	if err != nil || len(families) == 0 {
		t.Fatal(families, err)
	}
	for _, f := range families {
		if !strings.HasPrefix(f.GetName(), "diastole_wake_jmap_") || !strings.Contains(page, "`"+f.GetName()) {
			t.Errorf("%s is not on the page", f.GetName())
		}
		for _, m := range f.GetMetric() {
			for _, label := range m.GetLabel() {
				if !strings.Contains(page, "`"+label.GetValue()+"`") {
					t.Errorf("%s{%s=%q} is not on the page", f.GetName(), label.GetName(), label.GetValue())
				}
			}
		}
	}
}

func TestThePageSaysTheLimitsThatAre(t *testing.T) {
	text, err := os.ReadFile("../../../docs/wake-jmap.md")
	if err != nil {
		t.Fatal(err)
	}
	const words = "over 64 KiB, answers over 1 MiB|16 users at a time|more than 10,000 users|at most 64 KiB, 256 are read|a ping every 30 s|within 10 min|" +
		"within 75 s|tried again after 15 min"
	for _, said := range strings.Split(words, "|") {
		if !strings.Contains(string(text), said) {
			t.Errorf("the page does not say %q", said)
		}
	}
	if longestLine != 64<<10 || longestEvent != 64<<10 || postSize != 64<<10 || answerSize != 1<<20 || startsAtOnce != 16 ||
		mostLines != 10_000 || mostPost != 256 || pingInterval.Seconds() != 30 || lookEvery.Minutes() != 10 || rest.Minutes() != 15 {
		t.Error("a limit has changed: change it on the page and here")
	}
}
