package policy

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestTheLimitByExamples(t *testing.T) {
	const s, m = time.Second, time.Minute
	enforce := Decision{Max: 30 * m, Margin: 30 * s, Clamp: Early}
	learned := Decision{Margin: 30 * s, Learn: LearnEnforce}
	both := Decision{Max: 30 * m, Margin: 30 * s, Learn: LearnEnforce}
	for _, c := range []struct {
		name          string
		d             Decision
		asked, advice time.Duration
		give          time.Duration
		clamped       bool
	}{
		{"nothing known", Decision{Margin: 30 * s}, 59 * m, 0, 59 * m, false},
		{"below the firewall", enforce, 15 * m, 0, 15 * m, false},
		{"above it", enforce, 59 * m, 0, 29*m + 30*s, true},
		{"exactly what may be given", enforce, 29*m + 30*s, 0, 29*m + 30*s, false},
		{"a second more", enforce, 29*m + 31*s, 0, 29*m + 30*s, true},
		{"advice without leave to use it", enforce, 15 * m, 5 * m, 15 * m, false},
		{"advice that is only observed", Decision{Learn: LearnObserve}, 15 * m, 5 * m, 15 * m, false},
		{"advice", learned, 15 * m, 12*m + 30*s + 400*time.Millisecond, 12*m + 30*s, true},
		{"advice above what is asked", learned, 8 * m, 12 * m, 8 * m, false},
		{"advice is the smaller", both, 59 * m, 12 * m, 12 * m, true},
		{"the firewall is the smaller", both, 59 * m, 40 * m, 29*m + 30*s, true},
		{"advice below every server's minimum", learned, 15 * m, 10 * s, Shortest, true},
		{"and a device that asks for less still", learned, 50 * s, 10 * s, 50 * s, false},
		{"Outlook's 180 s", both, 180 * s, 29 * m, 180 * s, false},
		{"a margin that would push below 60 s", Decision{Max: 70 * s, Margin: 30 * s}, 15 * m, 0, 60 * s, true},
		{"a limit below 60 s, by an operator", Decision{Max: 20 * s, Margin: 2 * s}, 50 * s, 0, 18 * s, true},
		{"of which the margin takes half at most", Decision{Max: 20 * s, Margin: 30 * s}, 50 * s, 0, 10 * s, true},
		{"a limit below a second", Decision{Max: s, Margin: s}, 50 * s, 0, s, true},
		{"observed", Decision{Max: 30 * m, Mode: Observe}, 59 * m, 0, 59 * m, false},
		{"nothing asked", both, 0, 10 * m, 0, false},
	} {
		if give, clamped := c.d.Limit(c.asked, c.advice); give != c.give || clamped != c.clamped {
			t.Errorf("%s: gave %s, clamped %v; want %s, %v", c.name, give, clamped, c.give, c.clamped)
		}
	}
}

// seconds draws what is on the wire: whole seconds, up to two hours.
func seconds(t *rapid.T, name string) time.Duration {
	return time.Duration(rapid.IntRange(0, 7200).Draw(t, name)) * time.Second
}

func anyDecision(t *rapid.T) Decision {
	return Decision{
		Max: seconds(t, "max"), Margin: seconds(t, "margin"),
		Clamp: rapid.SampledFrom([]Clamp{Early, Refuse}).Draw(t, "clamp"),
		Mode:  rapid.SampledFrom([]Mode{Enforce, Observe}).Draw(t, "mode"),
		Learn: rapid.SampledFrom([]Learn{LearnOff, LearnObserve, LearnEnforce}).Draw(t, "learn"),
	}
}

func TestTheLawsOfTheLimit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d, asked, advice := anyDecision(t), seconds(t, "asked"), seconds(t, "advice")
		give, clamped := d.Limit(asked, advice)
		switch {
		case give > asked:
			t.Fatalf("asked %s, gave more: %s", asked, give)
		case clamped != (give < asked):
			t.Fatalf("asked %s, gave %s, clamped %v", asked, give, clamped)
		case asked > 0 && give <= 0:
			t.Fatalf("asked %s, gave an instant answer", asked)
		case d.Mode == Observe && give != asked:
			t.Fatalf("observe changed %s to %s", asked, give)
		case d.Max >= Shortest && give < min(asked, Shortest):
			t.Fatalf("asked %s, pushed below the shortest: %s", asked, give)
		case d.Mode == Enforce && d.Max > time.Second && give > d.Max:
			t.Fatalf("gave %s, above the limit %s", give, d.Max)
		case d.Mode == Enforce && d.Learn == LearnEnforce && advice >= Shortest && give > advice:
			t.Fatalf("gave %s, above what was learned: %s", give, advice)
		case d.Learn != LearnEnforce && d.Max == 0 && clamped:
			t.Fatalf("clamped to %s without any limit", give)
		}
		if again, clamped := d.Limit(give, advice); again != give || clamped {
			t.Fatalf("a device that asks for the %s it was given is given %s", give, again)
		}
		more, _ := d.Limit(asked+time.Second, advice)
		if more < give {
			t.Fatalf("who asks for a second more than %s gets %s instead of %s", asked, more, give)
		}
	})
}

func TestEnforcedIsWhatObserveWouldDo(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d, asked, advice := anyDecision(t), seconds(t, "asked"), seconds(t, "advice")
		would := d
		would.Mode = Enforce
		if d.Learn == LearnObserve {
			would.Learn = LearnEnforce
		}
		got, _ := d.Enforced().Limit(asked, advice)
		if want, _ := would.Limit(asked, advice); got != want || d.Enforced().Enforced() != d.Enforced() {
			t.Fatalf("got %s, want %s", got, want)
		}
	})
}

func TestNobodyIsDeniedWhilePolicyObserves(t *testing.T) {
	for d, want := range map[Decision]bool{
		{}:                          false,
		{Deny: true}:                true,
		{Deny: true, Mode: Observe}: false,
	} {
		if d.Denied() != want {
			t.Errorf("%+v: %v", d, d.Denied())
		}
	}
	if !(Decision{Deny: true, Mode: Observe}).Enforced().Denied() {
		t.Error("enforced, the rule is not acted upon")
	}
}
