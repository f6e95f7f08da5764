package policy

import (
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"
)

func prefixes(texts ...string) []netip.Prefix {
	var all []netip.Prefix
	for _, text := range texts {
		all = append(all, netip.MustParsePrefix(text))
	}
	return all
}

func compiled(t testing.TB, s Spec) *Policy {
	t.Helper()
	p, err := Compile(s)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// rich is a Spec that uses everything.
func rich() Spec {
	return Spec{
		FirewallIdle: 30 * time.Minute, Margin: 30 * time.Second, Learn: LearnEnforce,
		Networks: []NetworkSpec{
			{Name: "carrier-x", Prefixes: prefixes("203.0.113.0/24", "2001:db8::/32")},
			{Name: "office", Prefixes: prefixes("10.0.0.0/8")},
			{Name: "lab bench", Prefixes: prefixes("10.9.0.0/16")},
		},
		Rules: []RuleSpec{
			{Name: "stolen", Match: Match{Device: []string{"APPL123"}}, Deny: true},
			{Name: "inside", Match: Match{Network: []string{"office", "lab bench"}}, Max: 59 * time.Minute},
			{Name: "boss", Match: Match{User: []string{`CORP\Boss`}}},
			{Name: "x phones", Match: Match{Network: []string{"carrier-x"}, DeviceType: []string{"iPhone", "SAMSUNG*"}}, Max: 12 * time.Minute, Clamp: Refuse},
			{Name: "old android", Match: Match{UserAgent: []string{"Android/4.*"}}, Max: 8 * time.Minute},
		},
	}
}

func TestAMistakeIsNamedWithItsPlaceAndTheWayOut(t *testing.T) {
	for _, c := range []struct {
		name  string
		spoil func(*Spec)
		want  string
	}{
		{"mode", func(s *Spec) { s.Mode = 7 }, "policy.mode: not one of the choices; write one of: enforce, observe"},
		{"clamp", func(s *Spec) { s.Clamp = 3 }, "policy.clamp: not one of the choices; write one of: early, refuse"},
		{"learn", func(s *Spec) { s.Learn = 3 }, "policy.learn: not one of the choices; write one of: off, observe, enforce"},
		{"negative idle", func(s *Spec) { s.FirewallIdle = -1 }, "policy.firewall_idle: less than nothing; write how long a silent connection survives, or 0 if that is not known"},
		{"negative margin", func(s *Spec) { s.Margin = -1 }, "policy.margin: less than nothing; write 0s or more"},
		{"a margin that is most of it", func(s *Spec) { s.FirewallIdle = 50 * time.Second },
			"policy.firewall_idle: less than twice policy.margin, which is 30s; write at least 1m here, or set policy.margin to 25s or less"},
		{"a margin that is most of a rule", func(s *Spec) { s.Margin = 5 * time.Minute },
			"policy.rules[4].max: less than twice policy.margin, which is 5m; write at least 10m here, or set policy.margin to 4m or less"},
		{"network without a name", func(s *Spec) { s.Networks[1].Name = "" }, "policy.networks[1].name: no name; write a short name, which will stand in the log"},
		{"network with a long name", func(s *Spec) { s.Networks[1].Name = strings.Repeat("x", 65) },
			"policy.networks[1].name: a name of more than 64 bytes; write a short name, which will stand in the log"},
		{"network with a name that ends the line", func(s *Spec) { s.Networks[1].Name = "a\nb" },
			"policy.networks[1].name: a name with space around it or characters that cannot be seen; write a short name, which will stand in the log"},
		{"network twice", func(s *Spec) { s.Networks[2].Name = "carrier-x" }, "policy.networks[2].name: two networks of this name; rename one, or write its prefixes into the other"},
		{"network named like one without a name", func(s *Spec) { s.Networks[2].Name = "198.51.100.0/24" },
			"policy.networks[2].name: the name of a network looks like an address; choose a word: networks without a name are shown by their address"},
		{"network without prefixes", func(s *Spec) { s.Networks[2].Prefixes = nil }, "policy.networks[2].prefixes: a network without prefixes; write some, for example [203.0.113.0/24]"},
		{"prefix twice", func(s *Spec) { s.Networks[2].Prefixes = prefixes("10.9.0.0/16", "10.0.0.0/8") },
			"policy.networks[2].prefixes[1]: this prefix belongs to the network office already; keep it in one place"},
		{"no prefix", func(s *Spec) { s.Networks[0].Prefixes[1] = netip.Prefix{} }, "policy.networks[0].prefixes[1]: not a network; write one, for example 203.0.113.0/24"},
		{"prefix with host bits", func(s *Spec) { s.Networks[0].Prefixes[0] = netip.MustParsePrefix("203.0.113.7/24") },
			"policy.networks[0].prefixes[0]: not a network; write one, for example 203.0.113.0/24"},
		{"IPv4 within IPv6", func(s *Spec) { s.Networks[0].Prefixes[0] = netip.MustParsePrefix("::ffff:10.0.0.0/104") },
			"policy.networks[0].prefixes[0]: an IPv4 network in the spelling of IPv6; write it as IPv4, for example 203.0.113.0/24"},
		{"rule without a name", func(s *Spec) { s.Rules[1].Name = "" }, "policy.rules[1].name: no name; write a short name, which will stand in the log"},
		{"rule named as no rule", func(s *Spec) { s.Rules[1].Name = "default" }, "policy.rules[1].name: this name stands for the decision that no rule made; choose another"},
		{"rule twice", func(s *Spec) { s.Rules[3].Name = "boss" }, "policy.rules[3].name: two rules of this name; rename one: the log says which rule decided"},
		{"unreached", func(s *Spec) { s.Rules[1].Match = Match{}; s.Rules[1].Max = 0 },
			"policy.rules[2]: never reached: the rule inside above matches everybody; move that one to the end, or give it a match"},
		{"unknown network", func(s *Spec) { s.Rules[1].Match.Network[1] = "lab" },
			"policy.rules[1].match.network[1]: no network of policy.networks has this name; the names are: carrier-x, office, lab bench"},
		{"no networks at all", func(s *Spec) { s.Networks = nil },
			"policy.rules[1].match.network[0]: no network of policy.networks has this name; the names are: none; add policy.networks"},
		{"empty pattern", func(s *Spec) { s.Rules[3].Match.DeviceType[1] = " " },
			"policy.rules[3].match.device_type[1]: an empty pattern matches nobody; write text, with * for any text and ? for any one character, or remove it"},
		{"brackets", func(s *Spec) { s.Rules[4].Match.UserAgent[0] = "Android/[45]*" },
			"policy.rules[4].match.user_agent[0]: brackets and braces mean nothing in a pattern here; write text, with * for any text and ? for any one character; give several patterns for several words"},
		{"two stars", func(s *Spec) { s.Rules[4].Match.UserAgent[0] = "**" },
			"policy.rules[4].match.user_agent[0]: two * in a row; write one: it is any text, slashes and all"},
		{"a long pattern", func(s *Spec) { s.Rules[2].Match.User[0] = strings.Repeat("u", 257) },
			"policy.rules[2].match.user[0]: longer than 256 bytes; write text, with * for any text and ? for any one character"},
		{"a backslash", func(s *Spec) { s.Rules[0].Match.Device[0] = `a\*` }, `policy.rules[0].match.device[0]: a \ quotes nothing here; write ? for any one character`},
		{"deny with max", func(s *Spec) { s.Rules[0].Max = time.Hour }, "policy.rules[0].max: who is denied waits for nothing; remove max, or deny"},
		{"deny with clamp", func(s *Spec) { s.Rules[0].Clamp = Early }, "policy.rules[0].clamp: who is denied waits for nothing; remove clamp, or deny"},
		{"a rule's clamp", func(s *Spec) { s.Rules[2].Clamp = 9 }, "policy.rules[2].clamp: not one of the choices; write one of: early, refuse"},
		{"too short", func(s *Spec) { s.Rules[2].Max = 59 * time.Second },
			"policy.rules[2].max: shorter than 1m, which servers answer with an error that stops some phones; write 1m or more"},
		{"longer than the firewall", func(s *Spec) { s.Rules[2].Max = time.Hour },
			"policy.rules[2].max: longer than policy.firewall_idle, which is 30m: the firewall would forget these waits; write less, or name in match.network the networks that do not pass that firewall"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := rich()
			c.spoil(&s)
			p, err := Compile(s)
			var e *Error
			if p != nil || !errors.As(err, &e) || err.Error() != c.want {
				t.Errorf("got  %v\nwant %s", err, c.want)
			}
		})
	}
}

func TestTheZeroSpecChangesNothing(t *testing.T) {
	d := compiled(t, Spec{}).Decide(Asker{Network: "any", User: "u"})
	if want := (Decision{Rule: "default", Clamp: Early}); d != want {
		t.Errorf("got %+v, want %+v", d, want)
	}
	if give, clamped := d.Limit(time.Hour, time.Minute); give != time.Hour || clamped {
		t.Errorf("an hour became %s, clamped %v", give, clamped)
	}
}

func TestAPolicyDoesNotChangeWithItsSpec(t *testing.T) {
	s := rich()
	p := compiled(t, s)
	ask := Asker{Network: p.Network(netip.MustParseAddr("203.0.113.9")), DeviceType: "IPHONE"}
	before := p.Decide(ask)
	s.Rules[3].Match.Network[0], s.Rules[3].Match.DeviceType[0], s.Rules[3].Max = "office", "no", time.Hour
	s.Networks[0].Prefixes[0], s.Networks[0].Name = netip.MustParsePrefix("0.0.0.0/0"), "all"
	if after := p.Decide(ask); after != before || before.Rule != "x phones" {
		t.Errorf("%+v became %+v", before, after)
	}
	if name := p.Network(netip.MustParseAddr("198.51.100.1")); name != "" {
		t.Errorf("another network came in: %s", name)
	}
}

func TestEveryWordIsThatOfTheConfiguration(t *testing.T) {
	for got, want := range map[string]string{
		Enforce.String(): "enforce", Observe.String(): "observe", Mode(9).String(): "unknown (9)",
		Early.String(): "early", Refuse.String(): "refuse", Clamp(0).String(): "",
		LearnOff.String(): "off", LearnObserve.String(): "observe", LearnEnforce.String(): "enforce",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
