package heartbeat_test

import (
	"testing"
	"time"

	"github.com/diastole/diastole/heartbeat"
)

// Behind a balancer nobody can ask the kernel. What the device asks after its answer
// was written tells, whichever is known first: that, or that there is no proof.
func TestWhereNothingProvesAnAnswerADeviceThatAsksForLessHasNotGotIt(t *testing.T) {
	const m = time.Minute
	for _, c := range []struct {
		name    string
		end     heartbeat.Outcome
		network heartbeat.Network
		asks    time.Duration
		died    bool
	}{
		{"less", heartbeat.Expired, office, 8 * m, true},
		{"the same", heartbeat.Expired, office, 15 * m, false},
		{"more", heartbeat.Expired, office, 19 * m, false},
		{"less, from elsewhere", heartbeat.Expired, mobile, 8 * m, false},
		{"less, after news", heartbeat.Changed, office, 8 * m, false},
		{"less, after a limit that it was told", heartbeat.Refused, office, 8 * m, false},
		{"less, after an answer that came early", heartbeat.Early, office, 8 * m, false},
	} {
		for name, asksFirst := range map[string]bool{"asks, then unproven": true, "unproven, then asks": false} {
			tracker := heartbeat.NewTracker(heartbeat.TrackerConfig{})
			asks := func() (heartbeat.Evidence, bool) {
				return tracker.Asked(anna, morning.Add(15*m+5*time.Second), c.network, c.asks)
			}
			tracker.Asked(anna, morning, office, 15*m)
			tracker.Ended(anna, morning.Add(15*m), heartbeat.Wait{Network: office, Asked: 15 * m, Given: 15 * m, Held: 15 * m, Outcome: c.end})
			var first, second heartbeat.Evidence
			var early, died bool
			if asksFirst {
				first, early = asks()
				second, died = tracker.Unproven(anna, 15*m)
			} else {
				first, early = tracker.Unproven(anna, 15*m)
				second, died = asks()
			}
			if early || died != c.died || died && (second != heartbeat.Evidence{Device: anna.ID(), At: 15 * m, Died: true}) {
				t.Errorf("%s, %s: %+v %t, %+v %t; want a death %t, and by the second of them", c.name, name, first, early, second, died, c.died)
			}
			if _, again := tracker.Asked(anna, morning.Add(20*m), c.network, m); again {
				t.Errorf("%s, %s: the same death counts twice", c.name, name)
			}
		}
	}
}

func TestAnAnswerThatWasProvedIsNotJudgedAgain(t *testing.T) {
	const m = time.Minute
	for _, p := range []heartbeat.Proof{heartbeat.Confirmed, heartbeat.Acked, heartbeat.Lost} {
		tracker := heartbeat.NewTracker(heartbeat.TrackerConfig{})
		if _, ok := tracker.Unproven(anna, 15*m); ok {
			t.Error("a device that is not known died")
		}
		tracker.Asked(anna, morning, office, 15*m)
		tracker.Ended(anna, morning.Add(15*m), heartbeat.Wait{Network: office, Asked: 15 * m, Given: 15 * m, Held: 15 * m, Outcome: heartbeat.Expired})
		tracker.Proved(anna, 15*m, p)
		_, early := tracker.Unproven(anna, 15*m)
		if _, died := tracker.Asked(anna, morning.Add(16*m), office, 8*m); died || early {
			t.Errorf("an answer that is %v was judged a second time", p)
		}
	}
}
