package policy

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestTheFirstRuleThatMatchesDecides(t *testing.T) {
	p := compiled(t, rich())
	for _, c := range []struct {
		addr string
		who  Asker
		rule string
		max  time.Duration
	}{
		{"198.51.100.1", Asker{DeviceType: "iPhone", User: "u@corp"}, "default", 30 * time.Minute},
		{"203.0.113.1", Asker{DeviceType: "iPhone", User: "u@corp"}, "x phones", 12 * time.Minute},
		{"2001:db8::1", Asker{DeviceType: "samsungsmg991b"}, "x phones", 12 * time.Minute},
		{"203.0.113.1", Asker{DeviceType: "iPhone", User: "boss@corp"}, "boss", 30 * time.Minute},
		{"203.0.113.1", Asker{DeviceType: "iPhone2"}, "default", 30 * time.Minute},
		{"203.0.113.1", Asker{DeviceType: "Nine", UserAgent: "android/4.4-EAS"}, "old android", 8 * time.Minute},
		{"10.1.2.3", Asker{User: "boss@corp", UserAgent: "Android/4.4"}, "inside", 59 * time.Minute},
		{"10.9.2.3", Asker{}, "inside", 59 * time.Minute},
		{"10.9.2.3", Asker{Device: "appl123"}, "stolen", 30 * time.Minute},
		{"10.9.2.3", Asker{Device: "appl1234"}, "inside", 59 * time.Minute},
	} {
		c.who.Network = p.Network(netip.MustParseAddr(c.addr))
		d := p.Decide(c.who)
		if d.Rule != c.rule || d.Max != c.max || d.Deny != (c.rule == "stolen") || (d.Clamp == Refuse) != (c.rule == "x phones") ||
			d.Margin != 30*time.Second || d.Learn != LearnEnforce {
			t.Errorf("%s %+v: %+v, want rule %s", c.addr, c.who, d, c.rule)
		}
	}
}

func TestTheLongestPrefixNamesTheNetwork(t *testing.T) {
	p := compiled(t, rich())
	for addr, want := range map[string]string{
		"10.0.0.1": "office", "10.9.0.1": "lab bench", "10.10.0.1": "office", "11.0.0.1": "",
		"::ffff:10.9.0.1": "lab bench", "203.0.113.255": "carrier-x", "203.0.114.0": "",
		"2001:db8::1": "carrier-x", "2001:db8::1%eth0": "carrier-x", "fe80::1%eth0": "", "::1": "",
	} {
		if got := p.Network(netip.MustParseAddr(addr)); got != want {
			t.Errorf("%s is in %q, want %q", addr, got, want)
		}
	}
	if got := p.Network(netip.Addr{}); got != "" {
		t.Errorf("no address is in %q", got)
	}
}

// near draws an address that is likely to be in one of few prefixes.
func near(t *rapid.T) netip.Addr {
	few := rapid.SampledFrom([]byte{0, 1, 64, 128, 255})
	if rapid.Bool().Draw(t, "v4") {
		return netip.AddrFrom4([4]byte{10, few.Draw(t, "b"), few.Draw(t, "c"), few.Draw(t, "d")})
	}
	ip := [16]byte{0: 0x20, 1: 0x01, 7: few.Draw(t, "b"), 15: few.Draw(t, "c")}
	return netip.AddrFrom16(ip)
}

// anyNetworks draws networks in which no prefix is written twice.
func anyNetworks(t *rapid.T) (all []NetworkSpec) {
	seen := map[netip.Prefix]bool{}
	for i := range rapid.IntRange(0, 4).Draw(t, "networks") {
		n := NetworkSpec{Name: fmt.Sprint("n", i)}
		for range rapid.IntRange(1, 4).Draw(t, "prefixes") {
			addr := near(t)
			p, err := addr.Prefix(rapid.IntRange(0, addr.BitLen()).Draw(t, "bits"))
			if err != nil {
				t.Fatal(err)
			}
			if !seen[p] {
				seen[p], n.Prefixes = true, append(n.Prefixes, p)
			}
		}
		if n.Prefixes != nil {
			all = append(all, n)
		}
	}
	return all
}

// naiveNetwork asks each prefix in turn.
func naiveNetwork(all []NetworkSpec, addr netip.Addr) (name string) {
	longest := -1
	for _, n := range all {
		for _, p := range n.Prefixes {
			if p.Contains(addr) && p.Bits() > longest {
				longest, name = p.Bits(), n.Name
			}
		}
	}
	return name
}

func TestNetworksAreThoseOfANaiveSearch(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := anyNetworks(t)
		p, err := Compile(Spec{Networks: all})
		if err != nil {
			t.Fatal(err)
		}
		for range 20 {
			addr := near(t)
			if got, want := p.Network(addr), naiveNetwork(all, addr); got != want {
				t.Fatalf("%s is in %q, want %q", addr, got, want)
			}
		}
	})
}

var (
	fewTexts    = rapid.SampledFrom([]string{"", "a", "A", "ab", "abc", "Bc", "u@d", "b*"})
	fewPatterns = rapid.SampledFrom([]string{"a", "AB", "a*", "*c", "*b*", "?", "a?", "*", `D\u`, "u@d"})
	somePattern = rapid.SliceOfN(fewPatterns, 0, 2)
)

func anyRules(t *rapid.T, networks []NetworkSpec) (all []RuleSpec) {
	for i := range rapid.IntRange(0, 6).Draw(t, "rules") {
		r := RuleSpec{Name: fmt.Sprint("r", i), Match: Match{
			UserAgent: somePattern.Filter(noBackslash).Draw(t, "agent"), User: somePattern.Draw(t, "user"),
			Device: somePattern.Filter(noBackslash).Draw(t, "device"), DeviceType: somePattern.Filter(noBackslash).Draw(t, "type"),
		}}
		if len(networks) > 0 && rapid.Bool().Draw(t, "by network") {
			r.Match.Network = []string{rapid.SampledFrom(networks).Draw(t, "network").Name}
		}
		if r.Deny = rapid.Bool().Draw(t, "deny"); !r.Deny {
			r.Max = time.Duration(rapid.SampledFrom([]int{0, 1, 12, 59}).Draw(t, "max")) * time.Minute
			r.Clamp = rapid.SampledFrom([]Clamp{0, Early, Refuse}).Draw(t, "clamp")
		}
		all = append(all, r)
		if r.Match.anybody() {
			break // what follows would be refused as never reached
		}
	}
	return all
}

func noBackslash(texts []string) bool {
	for _, text := range texts {
		if text == `D\u` {
			return false
		}
	}
	return true
}

// naiveDecide reads the rules as a person would.
func naiveDecide(s Spec, a Asker) Decision {
	one := func(patterns []string, text string) bool {
		for _, p := range patterns {
			if p == `D\u` {
				p = "u@D"
			}
			if naiveGlob(p, text) {
				return true
			}
		}
		return len(patterns) == 0
	}
	d := Decision{Rule: "default", Max: s.FirewallIdle, Margin: s.Margin, Clamp: s.Clamp, Mode: s.Mode, Learn: s.Learn}
	for _, r := range s.Rules {
		m := r.Match
		if !(len(m.Network) == 0 || m.Network[0] == a.Network) || !one(m.DeviceType, a.DeviceType) || !one(m.User, a.User) ||
			!one(m.Device, a.Device) || !one(m.UserAgent, a.UserAgent) {
			continue
		}
		d.Rule, d.Deny = r.Name, r.Deny
		if r.Max > 0 {
			d.Max = r.Max
		}
		if r.Clamp > 0 {
			d.Clamp = r.Clamp
		}
		break
	}
	return d
}

func TestDecisionsAreThoseOfANaiveReader(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := Spec{Margin: 20 * time.Second, Clamp: Early, Learn: LearnObserve, FirewallIdle: rapid.SampledFrom([]time.Duration{0, time.Hour}).Draw(t, "idle")}
		s.Networks = anyNetworks(t)
		s.Rules = anyRules(t, s.Networks)
		p, err := Compile(s)
		if err != nil {
			t.Fatal(err)
		}
		for range 10 {
			a := Asker{
				Network: p.Network(near(t)), DeviceType: fewTexts.Draw(t, "type"), User: fewTexts.Draw(t, "user"),
				Device: fewTexts.Draw(t, "device"), UserAgent: fewTexts.Draw(t, "agent"),
			}
			if got, want := p.Decide(a), naiveDecide(s, a); got != want {
				t.Fatalf("%+v:\ngot  %+v\nwant %+v", a, got, want)
			}
		}
	})
}
