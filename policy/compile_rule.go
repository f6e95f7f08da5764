package policy

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// checkRule looks at one rule, and at what it is beside those before it.
func (s Spec) checkRule(i int) error {
	r, at := s.Rules[i], fmt.Sprintf("rules[%d]", i)
	if problem, remedy := badName(r.Name); problem != "" {
		return fault(problem, remedy, "%s.name", at)
	}
	if r.Name == DefaultRule {
		return fault("this name stands for the decision that no rule made", "choose another", "%s.name", at)
	}
	for _, before := range s.Rules[:i] {
		switch {
		case before.Name == r.Name:
			return fault("two rules of this name", "rename one: the log says which rule decided", "%s.name", at)
		case before.Match.anybody():
			return fault("never reached: the rule "+before.Name+" above matches everybody", "move that one to the end, or give it a match", "%s", at)
		}
	}
	if err := s.checkMatch(r.Match, at); err != nil {
		return err
	}
	return s.checkEffect(r, at)
}

func (s Spec) checkMatch(m Match, at string) error {
	for i, name := range m.Network {
		if !slices.ContainsFunc(s.Networks, func(n NetworkSpec) bool { return n.Name == name }) {
			return fault("no network of policy.networks has this name", "the names are: "+s.networkNames(), "%s.match.network[%d]", at, i)
		}
	}
	for _, list := range []struct {
		name     string
		patterns []string
	}{{"device_type", m.DeviceType}, {"user_agent", m.UserAgent}, {"user", m.User}, {"device", m.Device}} {
		for i, text := range list.patterns {
			problem, remedy := flaw(text)
			if problem == "" && list.name != "user" && strings.Contains(text, `\`) {
				problem, remedy = `a \ quotes nothing here`, "write ? for any one character"
			}
			if problem != "" {
				return fault(problem, remedy, "%s.match.%s[%d]", at, list.name, i)
			}
		}
	}
	return nil
}

func (s Spec) networkNames() string {
	names := make([]string, 0, len(s.Networks))
	for _, n := range s.Networks {
		names = append(names, n.Name)
	}
	if len(names) == 0 {
		return "none; add policy.networks"
	}
	return strings.Join(names, ", ")
}

// checkEffect refuses what contradicts itself or the firewall.
func (s Spec) checkEffect(r RuleSpec, at string) error {
	const denied = "who is denied waits for nothing"
	switch {
	case r.Deny && r.Max != 0:
		return fault(denied, "remove max, or deny", "%s.max", at)
	case r.Deny && r.Clamp != 0:
		return fault(denied, "remove clamp, or deny", "%s.clamp", at)
	case int(r.Clamp) >= len(clampWords):
		return fault("not one of the choices", "write one of: "+choices(clampWords), "%s.clamp", at)
	case r.Max != 0 && r.Max < Shortest:
		return fault("shorter than 1m, which servers answer with an error that stops some phones", "write 1m or more", "%s.max", at)
	case s.FirewallIdle > 0 && r.Max > s.FirewallIdle && len(r.Match.Network) == 0:
		// Everybody is behind the firewall, but for networks that are inside.
		return fault("longer than policy.firewall_idle, which is "+short(s.FirewallIdle)+": the firewall would forget these waits",
			"write less, or name in match.network the networks that do not pass that firewall", "%s.max", at)
	}
	return s.checkMargin(r.Max, at+".max")
}

// compiled makes a rule that shares nothing with its spec.
func (p *Policy) compiled(r RuleSpec) rule {
	d := p.standard
	d.Rule, d.Deny = r.Name, r.Deny
	if r.Max > 0 {
		d.Max = r.Max
	}
	if r.Clamp != 0 {
		d.Clamp = r.Clamp
	}
	users := make([]string, 0, len(r.Match.User))
	for _, u := range r.Match.User {
		users = append(users, principal(u))
	}
	return rule{
		networks:    slices.Clone(r.Match.Network),
		deviceTypes: patterns(r.Match.DeviceType),
		users:       patterns(users),
		devices:     patterns(r.Match.Device),
		agents:      patterns(r.Match.UserAgent),
		decision:    d,
	}
}

func patterns(texts []string) []pattern {
	all := make([]pattern, 0, len(texts))
	for _, text := range texts {
		all = append(all, newPattern(text))
	}
	return all
}

func notPrintable(r rune) bool { return !unicode.IsPrint(r) }
