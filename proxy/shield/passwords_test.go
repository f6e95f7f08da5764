package shield

import (
	"fmt"
	"testing"
	"time"
)

var start = time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)

func id(parts ...any) (made ID) {
	copy(made[:], fmt.Sprint(parts...))
	return made
}

// suspects tells whether a refusal of this credential is remembered.
func (p *Passwords) suspects(device, credential ID) bool {
	r, known := p.devices.lru.Peek(device)
	return known && r.credential == credential && r.refused > 0
}

// hour has a device ask every second for an hour; right tells when its credential is good.
func hour(p *Passwords, right func(time.Duration) bool) (logins []time.Duration, refusedHere int) {
	device, credential := id("phone"), id("old")
	for at := time.Duration(0); at < time.Hour; at += time.Second {
		now := start.Add(at)
		switch p.Ask(now, device, credential).Verdict {
		case Pass:
			logins = append(logins, at)
			if right(at) {
				p.Accepted(device, credential)
			} else {
				p.Refused(now, device, credential)
			}
		case Refuse:
			refusedHere++
		}
	}
	return logins, refusedHere
}

func never(time.Duration) bool { return false }

func TestAnOldPasswordCostsTheServerAsManyLoginsInAnHourAsItMay(t *testing.T) {
	for n := FewestLogins; n < 20; n++ {
		logins, here := hour(NewPasswords(n, 10), never)
		if len(logins) != n || here != 3600-n {
			t.Errorf("%d logins at %v, %d refused here, want %d", len(logins), logins, here, n)
		}
		for i, at := range logins[:n-2] {
			if at != time.Duration(i)*time.Second {
				t.Errorf("of %d: login %d at %s, want them at once in the beginning", n, i, at)
			}
		}
		last := logins[n-3]
		if logins[n-2] != last+10*time.Minute || logins[n-1] != last+30*time.Minute {
			t.Errorf("of %d: the last two at %v", n, logins[n-2:])
		}
	}
}

func TestFewerLoginsThanTheFewestAreTheFewest(t *testing.T) {
	if logins, _ := hour(NewPasswords(1, 10), never); len(logins) != FewestLogins {
		t.Errorf("%d logins", len(logins))
	}
}

func TestWithoutALimitAllIsAskedAndRepeatsAreToldApart(t *testing.T) {
	p := NewPasswords(0, 10)
	if logins, _ := hour(p, never); len(logins) != 3600 {
		t.Errorf("%d logins", len(logins))
	}
	now := start.Add(time.Hour)
	if !p.Refused(now, id("phone"), id("old")) || p.Refused(now, id("phone"), id("guess")) || p.Refused(now, id("other phone"), id("old")) {
		t.Error("a repeated refusal, another credential and another device are three things")
	}
}

func TestAPasswordThatIsGoodAgainGetsThroughWithinThePause(t *testing.T) {
	p := NewPasswords(5, 10)
	logins, _ := hour(p, func(at time.Duration) bool { return at > 5*time.Minute })
	if want := 10*time.Minute + 2*time.Second; logins[3] != want {
		t.Errorf("first accepted at %s, want %s", logins[3], want)
	}
	if len(logins) != 3+3600-602 {
		t.Errorf("%d logins: after the acceptance nothing may be refused here", len(logins))
	}
}

func TestAnotherCredentialBeginsAnewAndTheOldOneTooAfterIt(t *testing.T) {
	p := NewPasswords(3, 10)
	hour(p, never)
	now := start.Add(time.Hour)
	for _, credential := range []ID{id("new"), id("old")} {
		if a := p.Ask(now, id("phone"), credential); a.Verdict != Pass || p.suspects(id("phone"), credential) {
			t.Errorf("%+v", a)
		}
	}
}

func TestAfterLongSilenceNothingIsHeldAgainstADevice(t *testing.T) {
	p := NewPasswords(3, 10)
	hour(p, never)
	last := start.Add(time.Hour - time.Second)
	if a := p.Ask(last.Add(forgetAfter), id("phone"), id("old")); a.Verdict != Pass || p.suspects(id("phone"), id("old")) {
		t.Errorf("%+v", a)
	}
}

func TestAnAnswerOfOursComesLaterEachTimeUpToTenSeconds(t *testing.T) {
	p, device, credential := NewPasswords(3, 10), id("phone"), id("old")
	p.Ask(start, device, credential)
	p.Refused(start, device, credential)
	for i, want := range []time.Duration{1, 2, 4, 8, 10, 10} {
		if a := p.Ask(start.Add(time.Duration(i)*time.Second), device, credential); a.Verdict != Refuse || a.Slow != want*time.Second {
			t.Errorf("answer %d: %+v, want %d s", i, a, want)
		}
	}
	probe := start.Add(10 * time.Minute)
	if a := p.Ask(probe, device, credential); a.Verdict != Pass || !p.suspects(device, credential) {
		t.Errorf("%+v", a)
	}
	if a := p.Ask(probe, device, credential); a.Verdict != Refuse {
		t.Errorf("beside the one that is at the server: %+v", a)
	}
	p.Refused(probe, device, credential)
	if a := p.Ask(probe.Add(time.Second), device, credential); a.Slow != time.Second {
		t.Errorf("after the server has said it again: %+v", a)
	}
}

// Scenario 26: fifty at once, before the first is answered.
func TestOfAVolleyAsManyGoUpAsInAnHour(t *testing.T) {
	p, device, credential, up := NewPasswords(5, 10), id("phone"), id("old"), 0
	for range 50 {
		switch p.Ask(start, device, credential).Verdict {
		case Pass:
			up++
		case Refuse:
			t.Error("refused here before the server has said a word")
		}
	}
	for range up {
		p.Refused(start.Add(time.Second), device, credential)
	}
	again := 0
	for at := time.Second; at < time.Hour; at += time.Second {
		if p.Ask(start.Add(at), device, credential).Verdict == Pass {
			again++
			p.Refused(start.Add(at), device, credential)
		}
	}
	if up != 5 || again != 0 {
		t.Errorf("%d went up at once and %d later", up, again)
	}
}

// A phone that roams leaves its Pings without an answer.
func TestRequestsThatTheServerHoldsAreNotCounted(t *testing.T) {
	p := NewPasswords(3, 10)
	for i := range 100 {
		if a := p.Ask(start.Add(time.Duration(i)*unanswered), id("phone"), id("right")); a.Verdict != Pass {
			t.Fatalf("request %d: %+v", i, a)
		}
	}
}

func TestAServerThatIsDownCostsADeviceNothing(t *testing.T) {
	p := NewPasswords(3, 10)
	for i := range 100 {
		if a := p.Ask(start, id("phone"), id("right")); a.Verdict != Pass {
			t.Fatalf("request %d: %+v", i, a)
		}
		p.Answered(id("phone"), id("right"))
	}
}

func TestAFullTableForgetsTheDeviceThatWasSilentForLongest(t *testing.T) {
	p := NewPasswords(3, 2)
	for _, name := range []string{"a", "b", "a", "c"} {
		p.Ask(start, id(name), id("old"))
		p.Refused(start, id(name), id("old"))
	}
	if !p.suspects(id("a"), id("old")) {
		t.Error("a was heard of lately, and is forgotten")
	}
	if p.suspects(id("b"), id("old")) {
		t.Error("b is still known")
	}
	if devices, forgotten := p.Len(); devices != 2 || forgotten != 1 {
		t.Errorf("%d devices, %d forgotten", devices, forgotten)
	}
}
