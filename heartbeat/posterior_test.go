package heartbeat

import (
	"fmt"
	"math"
	"testing"
	"time"
)

func TestThePosteriorIsWhatAdviceIsDrawnFrom(t *testing.T) {
	networks, n := NewNetworks(NetworksConfig{}), Network{Name: "a", HTTP: 1}
	now := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
	if networks.Posterior(now, n) != nil || networks.Sightings(n) != nil || networks.Known(n) {
		t.Error("something is known of a network that nobody came from")
	}
	for i := range 40 {
		now = now.Add(time.Minute)
		networks.Observe(now, n, Evidence{Device: uint64(i%4 + 1), At: 12*time.Minute + 30*time.Second})
		networks.Observe(now, n, Evidence{Device: uint64(i%4 + 1), At: 16 * time.Minute, Died: true})
	}
	all, sum := networks.Posterior(now, n), 0.0
	if len(all) != 120 || all[0].Limit != 30*time.Second || all[119].Limit != time.Hour || math.Abs(all[0].Survival-1) > 1e-6 {
		t.Fatalf("%d limits, the first %+v", len(all), all[0])
	}
	sure := time.Duration(0)
	for i, l := range all {
		sum += l.Probability
		if i > 0 && l.Survival > all[i-1].Survival {
			t.Errorf("a longer silence is survived more often: %+v after %+v", l, all[i-1])
		}
		if l.Survival >= 0.95 {
			sure = l.Limit
		}
	}
	if advice := networks.Advise(now, n); math.Abs(sum-1) > 1e-5 || advice.Interval != sure-DefaultMargin {
		t.Errorf("the sum is %v; advice %v, the curve says %v less the margin", sum, advice.Interval, sure)
	}
	if networks.Len() != 1 || !networks.Known(n) {
		t.Errorf("%d networks", networks.Len())
	}
}

func TestTheLastEvidenceOfEachKindIsKeptAcrossARestart(t *testing.T) {
	networks, n := NewNetworks(NetworksConfig{}), Network{Name: "a", HTTP: 1}
	now := time.Unix(1_800_000_000, 0)
	for i := range 100 {
		networks.Observe(now.Add(time.Duration(i)*time.Second), n, Evidence{Device: 1, At: time.Duration(100+i) * time.Second})
	}
	networks.Observe(now, n, Evidence{Device: 2, At: 900 * time.Second, Died: true})
	before := networks.Sightings(n)
	if len(before) != mostSightings+1 || before[0] != (Sighting{136 * time.Second, false, now.Add(36 * time.Second)}) ||
		before[63].At != 199*time.Second || before[64] != (Sighting{900 * time.Second, true, now}) {
		t.Fatalf("%d, from %+v to %+v", len(before), before[0], before[len(before)-1])
	}
	s, _ := networks.Snapshot(n)
	again := NewNetworks(NetworksConfig{})
	again.Restore(s)
	if after := again.Sightings(n); fmt.Sprint(after) != fmt.Sprint(before) {
		t.Errorf("after: %v\nbefore: %v", after, before)
	}
}

func TestHabitsAreWhatTheStatesSayNewestFirst(t *testing.T) {
	n := Network{Name: "a", HTTP: 1}
	tracker, _ := crowdOf(n, 3*atOnce+7, 10*time.Minute, Expired, Changed, Expired)
	next, seen := 3*atOnce+6, 0
	for h := range tracker.Habits {
		if h.Key.Principal != fmt.Sprint("u", next) || h.ID != h.Key.ID() {
			t.Fatalf("%+v, want u%d", h, next)
		}
		k, s, known := tracker.ByID(h.ID)
		if !known || k != h.Key || s.Asked != h.Asked || s.Given != h.Given || s.LastGood != h.LastGood || s.Network != h.Network ||
			s.Ladder != h.Ladder || !s.Seen.Equal(h.Seen) || h.Waited != 30*time.Minute || h.News != 1 {
			t.Fatalf("%+v, but %+v", h, s)
		}
		next, seen = next-1, seen+1
	}
	if seen != tracker.Len() {
		t.Errorf("%d of %d", seen, tracker.Len())
	}
	for range tracker.Habits {
		break // must not go on
	}
	if _, _, known := tracker.ByID(1); known {
		t.Error("a device that nobody has is known")
	}
}

func BenchmarkHabitsOfFiftyThousand(b *testing.B) {
	tracker := NewTracker(TrackerConfig{})
	for i := range 50_000 {
		tracker.Asked(Key{Principal: fmt.Sprint(i), Device: "d"}, time.Unix(int64(i), 0), Network{Name: "a", HTTP: 1}, time.Minute)
	}
	b.ReportAllocs()
	for b.Loop() {
		for range tracker.Habits {
			continue
		}
	}
}
