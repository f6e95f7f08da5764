package proxy

import (
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap/zapcore"

	"github.com/diastole/diastole/policy"
)

func TestAStormOfOneDeviceIsToldWhenToComeBackAndDisturbsNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := inMemory(t, newDirectory().script, shielded(Shield{Storm: 60, StormPer: time.Minute}))
		codes := map[int]int{}
		for range 600 { // in a minute
			got := s.tries(try{device: "wild", password: "right"})
			codes[got.code]++
			if got.code == 503 && got.header.Get("Retry-After") != "1" {
				t.Errorf("come back when? %v", got.header)
			}
			s.wantAt(try{device: "calm", password: "right", path: "/EWS/Exchange.asmx"}, 200)
			time.Sleep(100 * time.Millisecond)
		}
		s.wantAt(try{device: "calm", password: "right"}, 200)
		if codes[200] < 119 || codes[200] > 120 || codes[200]+codes[503] != 600 {
			t.Errorf("answered %v: sixty at once and one a second are 119", codes)
		}
		if n := s.count("diastole_shield_answers_total", "reason", "storm"); int(n) != codes[503] {
			t.Errorf("%v are counted of %d", n, codes[503])
		}
	})
}

func TestAStrangerCannotUseUpWhatADeviceMayAsk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := inMemory(t, newDirectory().script, shielded(Shield{Storm: 10}))
		for range 100 {
			s.tries(try{device: "phone", password: "guess"})
		}
		s.wantAt(try{device: "phone", password: "right"}, 200)
	})
}

func denying(match policy.Match) func(*Config) {
	return func(c *Config) {
		c.Policy, _ = policy.Compile(policy.Spec{
			Networks: []policy.NetworkSpec{{Name: "bad", Prefixes: []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24")}}},
			Rules:    []policy.RuleSpec{{Name: "lost phone", Match: match, Deny: true}},
		})
	}
}

// Whatever a rule can know of a request, and before anybody has looked at its password.
func TestADenyRuleKeepsAllOfActiveSyncFromTheServer(t *testing.T) {
	const there = "/Microsoft-Server-ActiveSync"
	for name, c := range map[string]struct {
		match policy.Match
		raw   string
	}{
		"a device":             {policy.Match{Device: []string{"lost"}}, try{device: "lost"}.raw()},
		"its type":             {policy.Match{DeviceType: []string{"pho*"}}, try{device: "lost"}.raw()},
		"a user":               {policy.Match{User: []string{"anna"}}, try{device: "lost"}.raw()},
		"OPTIONS of a user":    {policy.Match{User: []string{"anna"}}, "OPTIONS" + try{device: "lost"}.raw()[4:]},
		"a query that says no": {policy.Match{User: []string{"anna"}}, try{path: there + "?Cmd=%zz&Cmd"}.raw()},
		"base64 that is none":  {policy.Match{User: []string{"anna"}}, try{path: there + "?AAAA"}.raw()},
		"a network":            {policy.Match{Network: []string{"bad"}}, try{device: "lost", from: "198.51.100.1, 203.0.113.77"}.raw()},
		"an agent":             {policy.Match{UserAgent: []string{"Old*"}}, "GET " + there + " HTTP/1.1\r\nHost: a\r\nUser-Agent: OldPhone/1\r\n\r\n"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := inMemory(t, newDirectory().script, trusting, denying(c.match))
				phone := s.call()
				phone.send(c.raw)
				if got := phone.reply(); got.code != 403 || got.body != "" {
					t.Errorf("answered %+v", got)
				}
				if went := s.up.Requests(); len(went) != 0 {
					t.Errorf("the server has seen %s", went[0].Head)
				}
				if n := s.count("diastole_denied_total", "rule", "lost phone"); n != 1 {
					t.Errorf("%v are counted", n)
				}
			})
		})
	}
}

func TestADeniedPhoneThatComesEverySecondDoesNotFillTheLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := inMemory(t, newDirectory().script, denying(policy.Match{Device: []string{"lost"}}))
		for range 600 {
			s.wantAt(try{device: "lost", password: "old"}, 403)
			time.Sleep(time.Second)
		}
		lines := s.log.FilterMessage("denied").All()
		if len(lines) < 10 || len(lines) > 220 || lines[0].Level != zapcore.InfoLevel {
			t.Fatalf("%d lines", len(lines))
		}
		if m := lines[0].ContextMap(); m["rule"] != "lost phone" || m["device"] != hashed("lost") || m["user"] != hashed("anna") || m["client"] != "192.0.2.1" {
			t.Errorf("it says %v", m)
		}
	})
}
