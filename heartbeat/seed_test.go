package heartbeat_test

import (
	"testing"
	"time"

	"github.com/diastole/diastole/heartbeat"
	"github.com/diastole/diastole/internal/lab"
)

// The carrier kills at 13 minutes. A direct-push phone asks 15 (silence), 8 (ok), 12
// (mail after 4 minutes, sync, 12 again, ok), 16 (silence right after a raise), 12 and
// stays: Exchange's own description of Direct Push, walked to the minute.
func TestTheSeedCaseIsWalkedExactly(t *testing.T) {
	const m = time.Minute
	f := newFleet(1, 13*m)
	p := f.phone(lab.DirectPush())
	f.once = true
	for i, step := range []struct {
		asks   time.Duration
		mail   time.Duration // 0 = none
		state  string        // while it waits
		ladder string
	}{
		{15 * m, 0, "searching", ""},
		{8 * m, 0, "fallen to the floor", "direct-push"},
		{12 * m, 4 * m, "searching", "direct-push"},
		{12 * m, 0, "searching", "direct-push"},
		{16 * m, 0, "searching", "direct-push"},
		{12 * m, 0, "settled at 12 min", "direct-push"},
		{12 * m, 5 * m, "settled at 12 min", "direct-push"},
		{12 * m, 0, "settled at 12 min", "direct-push"},
	} {
		f.mail = step.mail
		f.ask(p)
		s, ok := f.tracker.State(p.key)
		if !ok || s.Asked != step.asks || s.State != step.state || s.Ladder != step.ladder {
			t.Fatalf("wait %d: asked %v, %q, ladder %q; want %v, %q, %q", i+1, s.Asked, s.State, s.Ladder, step.asks, step.state, step.ladder)
		}
		f.finish()
	}
	s, _ := f.tracker.State(p.key)
	if s.LastGood != 12*m || len(s.Last) != 8 || s.Last[7].Proof != heartbeat.Lost || s.Last[7].Held != 15*m {
		t.Errorf("last good %v, first of %d waits %+v; want 12m and a lost 15m", s.LastGood, len(s.Last), s.Last[7])
	}
	a := f.advice()
	if a.Low != 12*m || a.High < 13*m || a.High > 16*m {
		t.Errorf("the limit lies in %v..%v; want 13m in it, and no more than the waits that lived and died say", a.Low, a.High)
	}
	if a.Interval != 0 || a.Devices != 1 {
		t.Errorf("advice %v from the deaths of %d devices; one device must not lower anybody", a.Interval, a.Devices)
	}
}
