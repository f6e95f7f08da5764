package proxy

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/diastole/diastole/internal/lab"
	"github.com/diastole/diastole/policy"
)

// Exchange's own description of Direct Push, walked with everything real but the
// network and the clock. The carrier kills at 13 minutes: 15 (no answer), 8 (ok), 12
// (mail after 4 minutes; again, ok), 16 (no answer, right after a raise), 12 and stay.
func TestTheSeedCaseIsWalkedThroughTheProxyToTheMinute(t *testing.T) {
	const m = time.Minute
	inVirtualTime(t, 13*m, policy.Spec{Learn: policy.LearnEnforce}, func(p *path) {
		asks, began := make(chan time.Duration), time.Now()
		k := p.live(lab.PhoneConfig{DeviceID: "seed", DeviceType: "phone", Ladder: lab.DirectPush(),
			OnAsk: func(d time.Duration) {
				select {
				case asks <- d:
				case <-p.ctx.Done():
				}
			}})
		for i, step := range []struct {
			at, asks time.Duration // in whole minutes since the first
			state    string        // while it waits
			ladder   string
			mail     time.Duration // delivered after it, 0 = none
		}{
			{0, 15 * m, "searching", "", 0},
			{15 * m, 8 * m, "fallen to the floor", "direct-push", 0},
			{23 * m, 12 * m, "searching", "direct-push", 4 * m},
			{27 * m, 12 * m, "searching", "direct-push", 0},
			{39 * m, 16 * m, "searching", "direct-push", 0},
			{55 * m, 12 * m, "settled at 12 min", "direct-push", 0},
			{67 * m, 12 * m, "settled at 12 min", "direct-push", 0},
			{79 * m, 12 * m, "settled at 12 min", "direct-push", 0},
		} {
			asked := <-asks
			synctest.Wait() // until the server holds it
			s := p.state(k)
			if at := time.Since(began).Truncate(m); at != step.at || asked != step.asks || s.Asked != asked {
				p.Fatalf("wait %d: after %v it asks %v (seen: %v), want %v after %v", i+1, at, asked, s.Asked, step.asks, step.at)
			}
			if s.State != step.state || s.Ladder != step.ladder {
				p.Fatalf("wait %d: %q, ladder %q; want %q, %q", i+1, s.State, s.Ladder, step.state, step.ladder)
			}
			if step.mail > 0 {
				time.Sleep(step.mail)
				p.deliver()
			}
		}
		a := p.advice()
		if a.Low != 12*m || a.High < 13*m || a.High > 16*m {
			p.Errorf("the limit lies in %v..%v; want 13m in it, and no more than the waits that lived and died say", a.Low, a.High)
		}
		if a.Interval != 0 || a.Devices != 1 || a.Died != 2 {
			p.Errorf("advice %v from %d deaths of %d devices; want 2 of one, which lowers nobody", a.Interval, a.Died, a.Devices)
		}
	})
}

func (p *path) deliver() {
	p.Helper()
	if _, err := p.server.Deliver("anna", "", lab.Mail{From: "x@elsewhere.test", Subject: "news"}); err != nil {
		p.Fatal(err)
	}
}
