package policy

import (
	"net/netip"
	"time"
)

// Spec is a policy as an operator writes it, under the names of the section
// policy of the configuration. The zero Spec changes nothing: no limit, no rule.
type Spec struct {
	Mode Mode

	// FirewallIdle is how long a silent connection is known to survive the box in
	// front of us, 0 if that is not known.
	FirewallIdle time.Duration

	// Margin is taken off every limit, because an answer at the very moment of the
	// limit is a race: at most half of FirewallIdle and of every Max.
	Margin time.Duration

	Clamp    Clamp // zero is Early
	Learn    Learn
	Networks []NetworkSpec
	Rules    []RuleSpec // the first that matches decides
}

// NetworkSpec gives a name to some prefixes.
type NetworkSpec struct {
	Name     string         // unique; what is learned is kept under it
	Prefixes []netip.Prefix // masked; where several hold an address, the longest counts
}

// RuleSpec is one rule. With neither Max, Clamp nor Deny it is an exception: whom
// it matches gets what holds without rules.
type RuleSpec struct {
	Name  string // unique; it stands in logs and in the record of every decision
	Match Match
	Max   time.Duration // in the place of FirewallIdle; 0 = FirewallIdle, otherwise at least Shortest
	Clamp Clamp         // zero is the Spec's
	Deny  bool          // refuse the request before it is authenticated
}

// Match is whom a rule is for: who matches one text of every list that is not
// empty. Network has names of NetworkSpecs. The other lists hold patterns: * is
// any text, ? is any one character, everything else is itself, ASCII letters in
// either case.
type Match struct {
	Network    []string
	DeviceType []string // as the device names itself: iPhone, SAMSUNGSMG991B, WindowsMail
	UserAgent  []string
	User       []string // u@domain; DOMAIN\u is the same as u@DOMAIN
	Device     []string // the device's id, as it is logged
}

// anybody tells whether a rule with this match leaves nobody to those behind it.
func (m Match) anybody() bool {
	return len(m.Network)+len(m.DeviceType)+len(m.UserAgent)+len(m.User)+len(m.Device) == 0
}
