package main

import (
	"encoding/json"
	"math"
	"regexp"
	"testing"
	"time"

	"github.com/diastole/diastole/internal/admin"
)

// answerOf is an answer of a demo's API.
func answerOf[T any](t *testing.T, admin, path string) (answer T) {
	t.Helper()
	r := get(t, admin+"api/v1/"+path)
	if err := json.Unmarshal([]byte(r.body), &answer); r.code != 200 || err != nil {
		t.Errorf("%s: %v, %v", path, r, err)
	}
	return answer
}

// truth is how long each of the demo's networks keeps a silent connection.
func truth() map[string]time.Duration {
	idle := map[string]time.Duration{}
	for _, n := range demoNetworks {
		idle[n.name] = n.idle
	}
	return idle
}

// learnedAll tells whether the limit of each network is known, and acted upon.
func learnedAll(t *testing.T, url string) bool {
	known := 0
	for _, n := range answerOf[admin.NetworksPage](t, url, "networks").Networks {
		idle := truth()[n.Name].Seconds()
		if n.Kept > 0 && n.Low <= idle && n.High >= idle {
			known++
		}
	}
	return known == len(demoNetworks)
}

func TestTheDemoLearnsWhatItsFirewallsAllowAndSaysSoInItsPhonesTime(t *testing.T) {
	t.Parallel()
	url, done := "", false
	demoUntil(t, "5s", func(e line) bool {
		if e.text("event") == "started" {
			url = e.text("admin")
		}
		if done || !learnedAll(t, url) {
			return false
		}
		done = true
		seesTheTruth(t, url)
		return true
	})
	if !done {
		t.Error("it ended before it had learned all limits")
	}
}

// seesTheTruth holds what all who ask are told against the firewalls.
func seesTheTruth(t *testing.T, url string) {
	if f := answerOf[admin.Fleet](t, url, "fleet"); f.Pace != demoScale || f.Uptime < 20*60 || f.Known.Devices != len(demoPhones) || f.Known.Networks != len(demoNetworks) {
		t.Errorf("the fleet: pace %d, up for %v s, %+v", f.Pace, f.Uptime, f.Known)
	} else if day := f.Windows[len(f.Windows)-1]; day.Lost < 3*len(demoNetworks) { // three devices have to die of each limit
		t.Errorf("a day in which all limits were learned: %+v", day)
	}
	advice := runProgram(t, "", "advise", "--admin", url)
	for name, idle := range truth() {
		n := answerOf[admin.NetworkDetail](t, url, "networks/"+name)
		if n.Advice <= idle.Seconds()/3 || n.Advice >= idle.Seconds() || n.Kept != n.Advice {
			t.Errorf("%s forgets after %v: the advice is %v s, waits are kept at %v s", name, idle, n.Advice, n.Kept)
		}
		for _, e := range n.Evidence {
			near := math.Abs(e.Seconds-idle.Seconds()) < 15 // a try at the very limit may go either way
			if !near && e.Survived != (e.Seconds < idle.Seconds()) {
				t.Errorf("%s forgets after %v, and is said to have survived %v s: %v", name, idle, e.Seconds, e.Survived)
			}
		}
		said := adviceOn(name).FindStringSubmatch(advice.out)
		if said == nil {
			t.Errorf("no word on %s in:\n%s%s", name, advice.out, advice.err)
			continue
		}
		if kept, err := time.ParseDuration(said[1]); err != nil || kept <= idle/3 || kept >= idle {
			t.Errorf("%s forgets after %v, and advise keeps waits at %s", name, idle, said[1])
		}
	}
	devices := answerOf[admin.DevicesPage](t, url, "devices?q=demobert").Devices
	if len(devices) != 1 || devices[0].User != "bert" || devices[0].Asked < 480 {
		t.Errorf("devices: %+v", devices)
	}
	if w := answerOf[admin.WhatIf](t, url, "what-if?minutes=30"); w.Devices != len(demoPhones) || w.After.Heartbeat <= w.Before.Heartbeat || w.Before.Heartbeat < 120 {
		t.Errorf("what if: %+v", w)
	}
	lowered := false
	for _, d := range answerOf[admin.DecisionsPage](t, url, "decisions").Recent {
		lowered = lowered || d.What == "lowered" && d.Asked >= 180 && d.Given < truth()[d.Network].Seconds()+60
	}
	if !lowered {
		t.Error("no decision has lowered anything")
	}
}

// adviceOn finds what advise says of a network, and at how much waits are kept.
func adviceOn(name string) *regexp.Regexp {
	return regexp.MustCompile(`(?m)^` + name + ` forgets after about [0-9ms]+: waits are kept at ([0-9ms]+)`)
}
