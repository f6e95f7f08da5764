package admin

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/diastole/diastole/heartbeat"
	"github.com/diastole/diastole/policy"
)

// settled are devices that ask for an interval from a network, without any news.
func settled(l *learnedBy, n heartbeat.Network, devices int, asked time.Duration) {
	for i := range devices {
		k := heartbeat.Key{Principal: fmt.Sprint(n.Name, i), Device: "d"}
		at := time.Now().Add(-3 * asked)
		for range 2 {
			l.devices.Asked(k, at, n, asked)
			at = at.Add(asked)
			l.devices.Ended(k, at, heartbeat.Wait{Network: n, Asked: asked, Given: asked, Held: asked, Outcome: heartbeat.Expired, Proof: heartbeat.Acked})
		}
		l.devices.Asked(k, at, n, asked)
	}
}

func TestWhatIfSaysWhatAPhoneWouldDoBeforeAndAfter(t *testing.T) {
	l, x := newLearned(), heartbeat.Network{Name: "carrier-x", HTTP: 1}
	l.spec.Learn = policy.LearnEnforce
	thirteen(l, x)
	settled(l, x, 4, 28*time.Minute)
	address := l.serve(t) + "/api/v1/what-if?network=carrier-x&minutes="
	advice := l.networks.Advise(time.Now(), x).Interval
	got := read[WhatIf](t, address+"30")
	// 1440 minutes of a day, in waits of what is advised now, and of all that is asked then.
	if got.Devices != 4 || got.Before.Heartbeat != advice.Seconds() || int(got.Before.Wakes) != int(86400/advice.Seconds()) ||
		got.After.Heartbeat != 1680 || int(got.After.Wakes*28+0.5) != 1440 || got.After.Dead != 0 || got.Network != "carrier-x" {
		t.Errorf("%+v, advice %v", got, advice)
	}
	if got = read[WhatIf](t, address+"20"); got.After.Heartbeat != 1170 {
		t.Errorf("20 minutes, less the margin: %+v", got.After)
	}
	if got = read[WhatIf](t, address+"5&http=2"); got.Devices != 0 || got.Before != (Day{}) || got.After != (Day{}) {
		t.Errorf("nobody comes by HTTP/2: %+v", got)
	}
}

func TestWithoutClampingPhonesAreDeafUntilTheFirewallLetsThemWait(t *testing.T) {
	l, x := newLearned(), heartbeat.Network{Name: "carrier-x", HTTP: 1}
	thirteen(l, x) // learning only observes
	settled(l, x, 4, 20*time.Minute)
	got := read[WhatIf](t, l.serve(t)+"/api/v1/what-if?minutes=25&network=carrier-x")
	if got.Before.Dead < 0.25 || got.Before.Dead > 0.45 || got.After.Dead != 0 || math.Abs(got.After.Wakes-got.Before.Wakes) > 0.01 {
		t.Errorf("%+v", got)
	}
}

func TestTheFleetsFirewallDoesNotMoveTheLimitsOfOthers(t *testing.T) {
	l := newLearned()
	l.spec.Learn, l.spec.FirewallIdle = policy.LearnEnforce, 30*time.Minute
	x, y := heartbeat.Network{Name: "carrier-x", HTTP: 1}, heartbeat.Network{Name: "home", HTTP: 1}
	thirteen(l, x)
	settled(l, x, 2, 58*time.Minute)
	settled(l, y, 2, 58*time.Minute)
	got := read[WhatIf](t, l.serve(t)+"/api/v1/what-if?minutes=60")
	advice := l.networks.Advise(time.Now(), x).Interval.Seconds()
	if got.Devices != 4 || got.Others != 1 || got.Before.Heartbeat != (advice+1770)/2 || got.After.Heartbeat < (advice+3480)/2-60 ||
		got.After.Heartbeat > (advice+3480)/2+60 {
		t.Errorf("%+v, advice %v", got, advice)
	}
}

func TestAWhatIfThatMakesNoSenseIsRefused(t *testing.T) {
	address := newLearned().serve(t) + "/api/v1/what-if"
	for _, query := range []string{"", "?minutes=0", "?minutes=61", "?minutes=ten", "?minutes=5&http=4"} {
		if a := ask(t, "GET", address+query); a.status != 400 {
			t.Errorf("%s: %+v", query, a)
		}
	}
}

func TestABoxThatOneNetworkWasSeenToGetThroughIsNotWhatLimitsAnother(t *testing.T) {
	l := newLearned()
	l.spec.Learn = policy.LearnEnforce
	x, y := heartbeat.Network{Name: "carrier-x", HTTP: 1}, heartbeat.Network{Name: "home", HTTP: 1}
	thirteen(l, x)
	for i := range 60 { // no limit has shown there, and half an hour is survived all day
		l.networks.Observe(time.Now(), y, heartbeat.Evidence{Device: uint64(i % 5), At: 28 * time.Minute})
	}
	settled(l, x, 2, 28*time.Minute)
	settled(l, y, 2, 28*time.Minute)
	got := read[WhatIf](t, l.serve(t)+"/api/v1/what-if?minutes=30")
	if got.Others != 1 || got.After.Heartbeat > got.Before.Heartbeat+60 {
		t.Errorf("a box in front of both is not what cuts at 13 minutes: %+v", got)
	}
}
