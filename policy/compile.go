package policy

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// Compile checks a Spec and makes a Policy of it. The error is an *Error with the
// first mistake in the order of the configuration. The Policy shares nothing with
// the Spec.
func Compile(s Spec) (*Policy, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	p := &Policy{standard: s.standard()}
	for i, n := range s.Networks {
		if err := p.addNetwork(s.Networks[:i], n, i); err != nil {
			return nil, err
		}
	}
	for i, r := range s.Rules {
		if err := s.checkRule(i); err != nil {
			return nil, err
		}
		p.rules = append(p.rules, p.compiled(r))
	}
	return p, nil
}

// check looks at what is said once.
func (s Spec) check() error {
	for _, w := range []struct {
		at    string
		value int
		words []string
	}{{"mode", int(s.Mode), modeWords}, {"clamp", int(s.Clamp), clampWords}, {"learn", int(s.Learn), learnWords}} {
		if w.value >= len(w.words) {
			return fault("not one of the choices", "write one of: "+choices(w.words), "%s", w.at)
		}
	}
	switch {
	case s.FirewallIdle < 0:
		return fault("less than nothing", "write how long a silent connection survives, or 0 if that is not known", "firewall_idle")
	case s.Margin < 0:
		return fault("less than nothing", "write 0s or more", "margin")
	}
	return s.checkMargin(s.FirewallIdle, "firewall_idle")
}

// checkMargin refuses a margin that is most of a limit: the one figure or the
// other is not what was meant.
func (s Spec) checkMargin(limit time.Duration, at string) error {
	if limit == 0 || s.Margin <= limit/2 {
		return nil
	}
	return fault("less than twice policy.margin, which is "+short(s.Margin),
		"write at least "+short(2*s.Margin)+" here, or set policy.margin to "+short(limit/2)+" or less", "%s", at)
}

func (s Spec) standard() Decision {
	return Decision{Rule: DefaultRule, Max: s.FirewallIdle, Margin: s.Margin, Clamp: max(s.Clamp, Early), Mode: s.Mode, Learn: s.Learn}
}

func (p *Policy) addNetwork(before []NetworkSpec, n NetworkSpec, i int) error {
	at := fmt.Sprintf("networks[%d]", i)
	if problem, remedy := badName(n.Name); problem != "" {
		return fault(problem, remedy, "%s.name", at)
	}
	if slices.ContainsFunc(before, func(b NetworkSpec) bool { return b.Name == n.Name }) {
		return fault("two networks of this name", "rename one, or write its prefixes into the other", "%s.name", at)
	}
	if looksLikeAddress(n.Name) {
		return fault("the name of a network looks like an address", "choose a word: networks without a name are shown by their address", "%s.name", at)
	}
	if len(n.Prefixes) == 0 {
		return fault("a network without prefixes", "write some, for example [203.0.113.0/24]", "%s.prefixes", at)
	}
	for j, prefix := range n.Prefixes {
		if problem, remedy := p.badPrefix(prefix); problem != "" {
			return fault(problem, remedy, "%s.prefixes[%d]", at, j)
		}
		p.networks.add(prefix, n.Name)
	}
	return nil
}

// badPrefix takes prefixes within others, because the longest counts, but not the
// same one twice: nobody could say whose it is.
func (p *Policy) badPrefix(prefix netip.Prefix) (problem, remedy string) {
	switch {
	case !prefix.IsValid() || prefix != prefix.Masked():
		return "not a network", "write one, for example 203.0.113.0/24"
	case prefix.Addr().Is4In6():
		return "an IPv4 network in the spelling of IPv6", "write it as IPv4, for example 203.0.113.0/24"
	}
	if name, ok := p.networks.names[prefix]; ok {
		return "this prefix belongs to the network " + name + " already", "keep it in one place"
	}
	return "", ""
}

func looksLikeAddress(name string) bool {
	_, notAddr := netip.ParseAddr(name)
	_, notPrefix := netip.ParsePrefix(name)
	return notAddr == nil || notPrefix == nil
}

// longestName bounds names, which go into every line of the log.
const longestName = 64

func badName(name string) (problem, remedy string) {
	const remedyName = "write a short name, which will stand in the log"
	switch {
	case name == "":
		return "no name", remedyName
	case len(name) > longestName:
		return fmt.Sprintf("a name of more than %d bytes", longestName), remedyName
	case strings.TrimSpace(name) != name, strings.ContainsFunc(name, notPrintable):
		return "a name with space around it or characters that cannot be seen", remedyName
	}
	return "", ""
}

func choices(words []string) string {
	return strings.TrimPrefix(strings.Join(words, ", "), ", ")
}
