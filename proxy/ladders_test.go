package proxy

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/diastole/diastole/internal/lab"
	"github.com/diastole/diastole/policy"
)

// aDay lets a phone of each ladder, with Ping and with a hanging Sync, live for a day
// behind a firewall of 10.5 minutes that the operator has told us of, and gives every
// wait of each.
func aDay(t *testing.T, clamp policy.Clamp, judge func(p *path, waits []lab.Wait, state string)) {
	const idle = 630 * time.Second
	for _, ladder := range lab.Ladders() {
		for _, hangs := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, hanging Sync %t", ladder.Name, hangs), func(t *testing.T) {
				spec := policy.Spec{FirewallIdle: idle, Margin: 30 * time.Second, Clamp: clamp}
				inVirtualTime(t, idle, spec, func(p *path) {
					var waits []lab.Wait
					k := p.live(lab.PhoneConfig{DeviceID: "one", DeviceType: "phone", Ladder: ladder, HangingSync: hangs,
						EmptyPing: ladder.Name == "aosp-ics",
						OnWait:    func(w lab.Wait) { waits = append(waits, w) }})
					for range 24 {
						time.Sleep(time.Hour)
						p.deliver()
					}
					p.stop()
					p.phones.Wait()
					judge(p, waits, p.state(k).State)
				})
			})
		}
	}
}

// The server's own Status 1 comes early, which every phone takes for a success: it
// climbs on, and none of its waits dies any more.
func TestNoPhoneOscillatesWhenItIsClampedEarly(t *testing.T) {
	aDay(t, policy.Early, func(p *path, waits []lab.Wait, state string) {
		if len(waits) < 24*6 || p.firewall.Forgotten() > 0 {
			p.Errorf("%d waits, %d connections forgotten", len(waits), p.firewall.Forgotten())
		}
		for i, w := range waits {
			if w.Event != lab.Expired && w.Event != lab.Changed || w.Took > 600*time.Second || w.Next < w.Asked {
				p.Fatalf("wait %d: %+v", i+1, w)
			}
		}
		if state == "oscillating" || state == "fallen to the floor" {
			p.Errorf("it is seen as %s", state)
		}
	})
}

// A phone that is told the limit and comes to ask for more again is deaf: told again
// and again it would get no mail at all.
func TestNoPhoneIsRefusedTwice(t *testing.T) {
	aDay(t, policy.Refuse, func(p *path, waits []lab.Wait, _ string) {
		refused := 0
		for i, w := range waits {
			switch w.Event {
			case lab.Refused:
				refused++
			case lab.Expired, lab.Changed:
			default:
				p.Fatalf("wait %d: %+v", i+1, w)
			}
		}
		above := slices.ContainsFunc(waits, func(w lab.Wait) bool { return w.Asked > 600*time.Second })
		if refused > 1 || above != (refused == 1) {
			p.Errorf("refused %d times; one that asks for more than 10 minutes is told so, once", refused)
		}
		if len(waits) < 24*6 || p.firewall.Forgotten() > 0 {
			p.Errorf("%d waits, %d connections forgotten", len(waits), p.firewall.Forgotten())
		}
	})
}
