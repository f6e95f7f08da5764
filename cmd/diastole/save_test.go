package main

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap/zaptest"

	"github.com/diastole/diastole/heartbeat"
	"github.com/diastole/diastole/internal/config"
	"github.com/diastole/diastole/internal/store"
	"github.com/diastole/diastole/proxy"
)

// openCounted is what was learned, kept in a file, and how many rows of a table were
// written to it so far.
func openCounted(t *testing.T, path string) (l *learned, saved func(table string) float64) {
	t.Helper()
	cfg, metrics := config.Default(), prometheus.NewRegistry()
	cfg.State.Path = path
	l, err := openLearned(cfg, zaptest.NewLogger(t), metrics)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.close)
	return l, func(table string) float64 {
		if err := l.store.Flush(); err != nil {
			t.Error(err)
		}
		return written(t, metrics, table)
	}
}

// written is how many rows of a table were written.
func written(t *testing.T, r prometheus.Gatherer, table string) (n float64) {
	t.Helper()
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.Metric {
			if f.GetName() == "diastole_store_written_total" && m.Label[0].GetValue() == table {
				n = m.Counter.GetValue()
			}
		}
	}
	return n
}

func TestOnlyNetworksThatSayMoreAreSavedAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	l, written := openCounted(t, path)
	a, b := heartbeat.Network{Name: "a", HTTP: 1}, heartbeat.Network{Name: "b", HTTP: 2}
	for _, step := range []struct {
		learn func()
		want  float64
	}{
		{func() {}, 0},
		{func() {
			l.networks.Observe(time.Now(), a, heartbeat.Evidence{Device: 1, At: 8 * time.Minute})
			l.networks.Asked(time.Now(), b, 8*time.Minute)
		}, 2},
		{func() {}, 2},
		{func() {
			l.networks.Observe(time.Now(), b, heartbeat.Evidence{Device: 1, At: 8 * time.Minute, Died: true})
		}, 3},
	} {
		step.learn()
		l.saveNetworks()
		if got := written("networks"); got != step.want {
			t.Errorf("%g networks were written, want %g", got, step.want)
		}
	}
	l.networks.Observe(time.Now(), a, heartbeat.Evidence{Device: 2, At: 9 * time.Minute})
	l.close() // the end saves what came since
	again, _ := openCounted(t, path)
	if got := again.networks.Advise(time.Now(), a); got.Survived != 2 {
		t.Errorf("got %+v", got)
	}
	if got := again.networks.Advise(time.Now(), b); got.Died != 1 || got.MeanAsked != 8*time.Minute {
		t.Errorf("got %+v", got)
	}
}

func TestAWaitWhoseProofComesLaterIsOneWait(t *testing.T) {
	l, written := openCounted(t, filepath.Join(t.TempDir(), "state.db"))
	r := proxy.Record{Key: heartbeat.Key{Principal: "anna", Device: "d"}, When: time.Now(), Kind: "ping", Rule: "default",
		Wait: heartbeat.Wait{Network: heartbeat.Network{Name: "a", HTTP: 1}, Asked: 480 * time.Second, Held: 480 * time.Second, Outcome: heartbeat.Expired}}
	l.devices.Asked(r.Key, r.When, r.Wait.Network, r.Wait.Asked)
	l.devices.Ended(r.Key, r.When, r.Wait)
	l.record(r)
	r.Wait.Proof = heartbeat.Acked
	l.devices.Proved(r.Key, r.Wait.Held, r.Wait.Proof)
	l.record(r)
	if got := written("devices"); got != 2 {
		t.Errorf("%g devices were written", got)
	}
	waits, err := l.store.Waits(t.Context(), store.WaitsOf{})
	if err != nil || len(waits) != 1 || waits[0].Proof != heartbeat.Acked {
		t.Errorf("waits %+v, %v", waits, err)
	}
	for d, err := range l.store.Devices(t.Context()) {
		if err != nil || len(d.Last) != 1 || d.Last[0].Proof != heartbeat.Acked {
			t.Errorf("device %+v, %v", d, err)
		}
	}
}

func TestWithoutAFileWaitsAreKeptAndNothingTwice(t *testing.T) {
	l, written := openCounted(t, "")
	k := heartbeat.Key{Principal: "anna", Device: "d"}
	l.devices.Asked(k, time.Now(), heartbeat.Network{Name: "a", HTTP: 1}, time.Minute)
	l.record(proxy.Record{Key: k, When: time.Now()})
	l.networks.Asked(time.Now(), heartbeat.Network{Name: "a", HTTP: 1}, time.Minute)
	l.saveNetworks()
	for table, want := range map[string]float64{"waits": 1, "devices": 0, "networks": 0} {
		if got := written(table); got != want {
			t.Errorf("%g %s, want %g", got, table, want)
		}
	}
}
