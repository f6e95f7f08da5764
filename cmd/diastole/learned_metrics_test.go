package main

import (
	"maps"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/diastole/diastole/heartbeat"
	"github.com/diastole/diastole/policy"
)

func gauges(t *testing.T, r *prometheus.Registry, names ...string) map[string]float64 {
	t.Helper()
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	shown := map[string]float64{}
	for _, f := range families {
		for _, name := range names {
			if f.GetName() == name {
				shown[name] = f.GetMetric()[0].GetGauge().GetValue()
			}
		}
	}
	return shown
}

// Who has named no network must see all the same that there is something to look at.
func TestNetworksWithoutANameAreCounted(t *testing.T) {
	networks, r := heartbeat.NewNetworks(heartbeat.NetworksConfig{}), prometheus.NewRegistry()
	l := &learned{networks: networks, devices: heartbeat.NewTracker(heartbeat.TrackerConfig{})}
	if _, err := registerLearned(r, l, []policy.NetworkSpec{{Name: "office"}}); err != nil {
		t.Fatal(err)
	}
	teach(networks, heartbeat.Network{Name: "203.0.113.0/24", HTTP: 1})
	for range 200 {
		teach(networks, heartbeat.Network{Name: "198.51.100.0/24", HTTP: 2})
	}
	want := map[string]float64{"diastole_networks_followed": 2, "diastole_networks_limited": 2, "diastole_networks_event1040": 1}
	if got := gauges(t, r, "diastole_networks_followed", "diastole_networks_limited", "diastole_networks_event1040"); !maps.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if len(m.GetLabel()) > 0 {
				t.Errorf("%s shows %v: it is of a network without a name", f.GetName(), m.GetLabel())
			}
		}
	}
}

func TestADrainIsSeen(t *testing.T) {
	g, r := &gate{}, prometheus.NewRegistry()
	g.register(r)
	for _, draining := range []bool{false, true} {
		g.draining.Store(draining)
		if got := gauges(t, r, "diastole_draining")["diastole_draining"]; got != oneIf(draining) {
			t.Errorf("draining %v shows %v", draining, got)
		}
	}
}
