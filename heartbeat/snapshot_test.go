package heartbeat_test

import (
	"encoding/json"
	"math"
	"reflect"
	"testing"
	"time"

	"github.com/diastole/diastole/heartbeat"
)

// kept is a value after a restart: the store keeps it as JSON or in columns.
func kept[T any](t *testing.T, v T) (back T) {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &back); err != nil {
		t.Fatal(err)
	}
	return back
}

func TestWhatWasLearnedSurvivesARestart(t *testing.T) {
	f := hundred(13*time.Minute, 0.1, true)
	f.run(day)
	old, tracker := f.tracker, heartbeat.NewTracker(heartbeat.TrackerConfig{})
	for k := range old.All {
		s, ok := old.Snapshot(k)
		if !ok {
			t.Fatalf("no snapshot of %v", k)
		}
		tracker.Restore(kept(t, s))
	}
	for k, want := range old.All {
		if got, ok := tracker.State(k); !ok || !reflect.DeepEqual(got, want) {
			t.Fatalf("%v after the restart: %+v, before: %+v", k, got, want)
		}
	}
	networks := heartbeat.NewNetworks(heartbeat.NetworksConfig{})
	s, ok := f.networks.Snapshot(f.network)
	networks.Restore(kept(t, s))
	if got, want := networks.Advise(f.now, f.network), f.advice(); !ok || got != want || got.Interval == 0 {
		t.Fatalf("after the restart: %+v, before: %+v", got, want)
	}
	f.tracker, f.networks = tracker, networks
	_, killed, _ := f.count(day)
	if fault := f.offBy(); fault != "" || killed > 0.2 {
		t.Errorf("a day after the restart: %s, %.2f windows a phone killed by the firewall", fault, killed)
	}
}

func TestWhatWasNeverSeenHasNoSnapshot(t *testing.T) {
	if _, ok := heartbeat.NewTracker(heartbeat.TrackerConfig{}).Snapshot(anna); ok {
		t.Error("of a device")
	}
	if _, ok := heartbeat.NewNetworks(heartbeat.NetworksConfig{}).Snapshot(office); ok {
		t.Error("of a network")
	}
}

// A damaged state file must not become wrong advice, nor a panic.
func TestASnapshotThatCannotBeTeachesNothing(t *testing.T) {
	nan := float32(math.NaN())
	full := func(x float32) []float32 {
		p := make([]float32, 120)
		for i := range p {
			p[i] = x
		}
		return p
	}
	for name, belief := range map[string][]float32{
		"none": nil, "another grid": full(1)[:60], "nothing is possible": full(0), "negative": full(-1), "not a number": full(nan), "infinite": full(float32(math.Inf(1))), "too much": full(math.MaxFloat32),
	} {
		networks := heartbeat.NewNetworks(heartbeat.NetworksConfig{})
		networks.Restore(heartbeat.NetworkSnapshot{Network: office, Belief: belief, Enforced: true, Lost: nan, Waited: -1,
			Deaths: make([]heartbeat.DeathRecord, 100), Asked: []time.Duration{-time.Hour, math.MaxInt64}, When: time.Unix(math.MaxInt64, 0)})
		a := networks.Advise(morning, office)
		if a.Interval != 0 || a.Low < 5*time.Minute || a.High != time.Hour || a.Other > 0.051 || a.Devices != 0 {
			t.Errorf("%s: %+v", name, a)
		}
	}
	tracker := heartbeat.NewTracker(heartbeat.TrackerConfig{})
	tracker.Restore(heartbeat.DeviceSnapshot{Key: anna, Asked: -time.Hour, Given: math.MaxInt64, Ladders: []int8{127, -128, 0, 0, 0, 0, 9},
		Last: make([]heartbeat.Ended, 100), Seen: time.Time{}})
	s, ok := tracker.State(anna)
	if !ok || s.Asked != 0 || s.Given != math.MaxUint16*time.Second || len(s.Last) != 8 || s.Ladder != "direct-push" {
		t.Errorf("%+v", s)
	}
}
