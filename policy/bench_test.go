package policy

import (
	"fmt"
	"net/netip"
	"testing"
	"time"
)

// large is a policy of a hundred rules that nobody of these benchmarks matches,
// and of a thousand prefixes.
func large(t testing.TB) *Policy {
	var s Spec
	for i := range 10 {
		n := NetworkSpec{Name: fmt.Sprint("carrier-", i)}
		for j := range 100 {
			n.Prefixes = append(n.Prefixes, netip.PrefixFrom(netip.AddrFrom4([4]byte{100, byte(64 + i), byte(j), 0}), 24-j%8).Masked())
		}
		s.Networks = append(s.Networks, distinct(n))
	}
	for i := range 100 {
		s.Rules = append(s.Rules, RuleSpec{Name: fmt.Sprint("rule ", i), Max: 12 * time.Minute, Match: Match{
			Network: []string{fmt.Sprint("carrier-", i%10)}, UserAgent: []string{fmt.Sprintf("*Outlook*/%d.*", i)}, User: []string{"*@example.com"},
		}})
	}
	return compiled(t, s)
}

func distinct(n NetworkSpec) NetworkSpec {
	seen := map[netip.Prefix]bool{}
	var once []netip.Prefix
	for _, p := range n.Prefixes {
		if !seen[p] {
			seen[p], once = true, append(once, p)
		}
	}
	n.Prefixes = once
	return n
}

var asker = Asker{DeviceType: "iPhone", UserAgent: "Apple-iPhone12C1/1602.92", User: "somebody@example.com", Device: "applc39gh2kxdtwd"}

func TestToDecideAllocatesNothing(t *testing.T) {
	p, addr, a := large(t), netip.MustParseAddr("100.67.5.9"), asker
	var give time.Duration
	if n := testing.AllocsPerRun(100, func() {
		a.Network = p.Network(addr)
		give, _ = p.Decide(a).Limit(time.Hour, 10*time.Minute)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
	if a.Network != "carrier-3" || give != time.Hour {
		t.Errorf("in %q, gave %s", a.Network, give)
	}
}

func BenchmarkDecideAmongFiveRules(b *testing.B) {
	p, a := compiled(b, rich()), asker
	a.Network = "carrier-x"
	for b.Loop() {
		p.Decide(a)
	}
}

func BenchmarkDecideAmongAHundredRules(b *testing.B) {
	p, a := large(b), asker
	a.Network = "carrier-3"
	for b.Loop() {
		p.Decide(a)
	}
}

func BenchmarkNetworkAmongAThousandPrefixes(b *testing.B) {
	p, addr := large(b), netip.MustParseAddr("100.67.5.9")
	for b.Loop() {
		p.Network(addr)
	}
}

func BenchmarkLimit(b *testing.B) {
	d := compiled(b, rich()).Decide(asker)
	for b.Loop() {
		d.Limit(time.Hour, 10*time.Minute)
	}
}
