package policy

import (
	"net/netip"
	"slices"
)

// Policy is a compiled Spec. It never changes, so any number of goroutines may use it.
type Policy struct {
	networks networks
	rules    []rule
	standard Decision // where no rule matches
}

// rule is a RuleSpec, ready to match.
type rule struct {
	networks                            []string
	deviceTypes, users, devices, agents []pattern
	decision                            Decision
}

// Asker is who asks. A text that is not known is "", which only a pattern of
// nothing but * matches.
type Asker struct {
	Network    string // from Policy.Network; a name that is not configured matches no rule
	DeviceType string
	UserAgent  string
	User       string // as claimed: u@domain
	Device     string
}

// Network gives the configured name of the network that addr belongs to, by the
// longest prefix; "" if there is none.
func (p *Policy) Network(addr netip.Addr) string { return p.networks.of(addr) }

// Decide gives the decision of the first rule that matches, or that of no rule.
// It allocates nothing.
func (p *Policy) Decide(a Asker) Decision {
	for i := range p.rules {
		if p.rules[i].matches(&a) {
			return p.rules[i].decision
		}
	}
	return p.standard
}

// matches goes from what is cheap to compare to what is not.
func (r *rule) matches(a *Asker) bool {
	return (len(r.networks) == 0 || slices.Contains(r.networks, a.Network)) &&
		matchesOne(r.deviceTypes, a.DeviceType) &&
		matchesOne(r.users, a.User) &&
		matchesOne(r.devices, a.Device) &&
		matchesOne(r.agents, a.UserAgent)
}

func matchesOne(patterns []pattern, text string) bool {
	for _, p := range patterns {
		if p.match(text) {
			return true
		}
	}
	return len(patterns) == 0
}
