package config

import (
	"errors"
	"net/netip"
	"strings"
	"time"

	"github.com/diastole/diastole/policy"
)

const (
	// longestIdle bounds what a firewall is said to allow. No server lets a phone
	// wait longer than an hour, so a day says "no limit" as well as a week.
	longestIdle = 24 * time.Hour

	// longestMargin is far more than any clock is off or any answer on its way.
	longestMargin = 10 * time.Minute
)

// firewallIdle is a length of time, or 0 for "not known", which needs no unit.
var firewallIdle = codec[time.Duration]{
	read: func(n node) (time.Duration, error) {
		if n.text == "0" || n.text == "0s" {
			return 0, nil
		}
		return readTime(n, time.Second, longestIdle)
	},
	show: shortTime,
}

const (
	wantNetwork  = "write a name and prefixes, for example {name: carrier-x, prefixes: [203.0.113.0/24]}"
	wantNetworks = "write a list of networks, for example [{name: carrier-x, prefixes: [203.0.113.0/24]}]"
	wantRule     = "write a name, whom it is for and what holds for them, for example {name: tablets, match: {device_type: [iPad]}, max: 12m}"
	wantRules    = "write a list of rules, for example [{name: tablets, match: {device_type: [iPad]}, max: 12m}]"
	wantPatterns = `write a list of texts, for example [iPhone, "SAMSUNG*"]`
	wantPattern  = `write text, in quotes if it begins with a * or looks like a number, for example "*@example.com"`
)

var (
	networkList = itemList(itemOf(networkTable, wantNetwork), wantNetworks)
	ruleList    = itemList(itemOf(ruleTable, wantRule), wantRules)
)

var networkTable = table[policy.NetworkSpec]{keys: []key[policy.NetworkSpec]{
	field("name", func(n *policy.NetworkSpec) *string { return &n.Name }, name),
	field("prefixes", func(n *policy.NetworkSpec) *[]netip.Prefix { return &n.Prefixes }, unlessEmpty(prefixes)),
}}

var ruleTable = table[policy.RuleSpec]{
	keys: []key[policy.RuleSpec]{
		field("name", func(r *policy.RuleSpec) *string { return &r.Name }, name),
		field("match.network", func(r *policy.RuleSpec) *[]string { return &r.Match.Network }, patterns),
		field("match.device_type", func(r *policy.RuleSpec) *[]string { return &r.Match.DeviceType }, patterns),
		field("match.user_agent", func(r *policy.RuleSpec) *[]string { return &r.Match.UserAgent }, patterns),
		field("match.user", func(r *policy.RuleSpec) *[]string { return &r.Match.User }, patterns),
		field("match.device", func(r *policy.RuleSpec) *[]string { return &r.Match.Device }, patterns),
		field("max", func(r *policy.RuleSpec) *time.Duration { return &r.Max }, unlessZero(lengthOfTime(time.Second, longestIdle))),
		field("clamp", func(r *policy.RuleSpec) *policy.Clamp { return &r.Clamp }, unlessZero(wordOf(policy.Early, policy.Refuse))),
		field("deny", func(r *policy.RuleSpec) *bool { return &r.Deny }, unlessZero(yesNo)),
	},
	later: map[string]bool{"hold": true},
}

// name takes the name of a network or of a rule; policy knows which are good ones.
var name = codec[string]{read: textOf(`write text, in quotes if it looks like a number, for example carrier-x`), show: quoted}

var patterns = unlessEmpty(listOf(codec[string]{read: textOf(wantPattern), show: quoted}, wantPatterns))

func textOf(want string) func(node) (string, error) {
	return func(n node) (string, error) { return n.text, n.expect(text, want) }
}

// unlessEmpty refuses an empty list: "nobody" and "anybody" are both what somebody
// would take it for.
func unlessEmpty[T any](as codec[[]T]) codec[[]T] {
	return codec[[]T]{
		read: func(n node) ([]T, error) {
			all, err := as.read(n)
			if err == nil && len(all) == 0 {
				return nil, n.fault("an empty list", "write something into it, or remove the key")
			}
			return all, err
		},
		show: func(all []T) string {
			if len(all) == 0 {
				return ""
			}
			return as.show(all)
		},
	}
}

// unlessZero leaves out what was not set.
func unlessZero[T comparable](as codec[T]) codec[T] {
	return codec[T]{read: as.read, show: func(v T) string {
		var zero T
		if v == zero {
			return ""
		}
		return as.show(v)
	}}
}

// itemList is a list with a line for each item.
func itemList[T any](each codec[T], want string) codec[[]T] {
	const line = "\n    - "
	return codec[[]T]{
		read: listOf(each, want).read,
		show: func(all []T) string {
			var b strings.Builder
			for _, one := range all {
				b.WriteString(line + each.show(one))
			}
			if b.Len() == 0 {
				return "[]"
			}
			return b.String()
		},
	}
}

// checkPolicy has the policy compiled, which knows what contradicts what, and
// finds the place of the mistake in the file.
func (r *reading) checkPolicy() error {
	_, err := policy.Compile(r.config.Policy)
	var e *policy.Error
	if !errors.As(err, &e) {
		return err
	}
	list, rest, _ := strings.Cut(e.At, "[")
	n := r.where("policy." + list)
	if rest != "" {
		n = n.inside("[" + rest)
	}
	n.key = "policy." + e.At
	return n.fault(e.Problem, e.Remedy)
}
