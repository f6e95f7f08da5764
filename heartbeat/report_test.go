package heartbeat_test

import (
	"testing"
	"time"

	"github.com/diastole/diastole/internal/lab"
)

// hundred is 100 phones of mixed ladders, a mail for each every 40 minutes.
func hundred(limit time.Duration, losses float64, enforce bool) *fleet {
	f := newFleet(7, limit)
	f.losses, f.enforce, f.every = losses, enforce, 40*time.Minute
	for _, l := range lab.Ladders() {
		f.join(20, l)
	}
	return f
}

// count is what a stretch of time cost one phone for each day of it: dead windows
// (waits that ended in silence), of these killed by the firewall, and waits.
func (f *fleet) count(span time.Duration) (dead, killed, waits float64) {
	f.dead, f.killed, f.asked = 0, 0, 0
	f.run(span)
	per := float64(f.made) * span.Hours() / 24
	return float64(f.dead) / per, float64(f.killed) / per, float64(f.asked) / per
}

// The first week pays for the knowledge, then the fleet lives by it. Other losses
// are nobody's fault and are counted apart.
func TestAFleetLosesTenTimesFewerWindowsOnceTheLimitIsLearned(t *testing.T) {
	for _, c := range []struct {
		limit  time.Duration
		losses float64
	}{{13 * time.Minute, 0}, {13 * time.Minute, 0.1}} {
		off, enforce := hundred(c.limit, c.losses, false), hundred(c.limit, c.losses, true)
		_, _, _ = off.count(day)
		offDead, offKilled, offWaits := off.count(day)
		firstDead, firstKilled, _ := enforce.count(day)
		weekDead, weekKilled, _ := enforce.count(6 * day)
		dead, killed, waits := enforce.count(day)
		t.Logf("limit %v, other losses %.0f %%, per phone and day: off %.2f dead windows (%.2f by the firewall) in %.0f waits; enforce, first day %.2f (%.2f), rest of the first week %.2f (%.2f), then %.2f (%.3f) in %.0f waits; advice %v",
			c.limit, 100*c.losses, offDead, offKilled, offWaits, firstDead, firstKilled, weekDead, weekKilled, dead, killed, waits, enforce.advice().Interval)
		if killed*10 > offKilled {
			t.Errorf("limit %v: %.3f dead windows by the firewall a day once learned, %.3f without: want ten times fewer", c.limit, killed, offKilled)
		}
		if firstKilled+6*weekKilled > offKilled {
			t.Errorf("limit %v: the first week cost %.2f dead windows, more than a day without", c.limit, firstKilled+6*weekKilled)
		}
		if fault := enforce.offBy(); fault != "" {
			t.Errorf("limit %v, losses %v: %s: %+v", c.limit, c.losses, fault, enforce.advice())
		}
	}
}

func TestAFleetFollowsALimitThatChangesInMidRun(t *testing.T) {
	for _, losses := range []float64{0, 0.1} {
		f, off := hundred(13*time.Minute, losses, true), hundred(13*time.Minute, losses, false)
		for _, limit := range []time.Duration{13 * time.Minute, 5 * time.Minute, 30 * time.Minute} {
			f.limit, off.limit = limit, limit
			_, first, _ := f.count(day)
			_, then, _ := f.count(day)
			_, _, _ = off.count(day)
			_, without, _ := off.count(day)
			t.Logf("limit %v, other losses %.0f %%: dead windows by the firewall per phone, %.2f on the day of the change, %.3f on the next; without learning %.2f; advice %v",
				limit, 100*losses, first, then, without, f.advice().Interval)
			if fault := f.offBy(); fault != "" {
				t.Errorf("limit %v, losses %v: %s: %+v", limit, losses, fault, f.advice())
			}
			if then*10 > without && without > 0.5 {
				t.Errorf("limit %v: %.3f dead windows once learned, %.3f without: want ten times fewer", limit, then, without)
			}
		}
	}
}

// Tunnels, lifts and empty batteries at every third wait are no firewall.
func TestLossesAloneAreNoLimit(t *testing.T) {
	for _, losses := range []float64{0.03, 0.1, 0.3} {
		f := hundred(2*time.Hour, losses, true)
		for hour := range 48 {
			if f.run(time.Hour); f.advice().Interval != 0 {
				t.Fatalf("losses %v, hour %d: %+v", losses, hour, f.advice())
			}
		}
	}
}
