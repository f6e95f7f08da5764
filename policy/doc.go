// Package policy says what an operator wants for a request that waits: how long
// it may wait at most, how a longer one is shortened, or that it is not wanted at
// all. A [Spec] is compiled once into a [Policy], which never changes; a reload
// makes a new one and swaps the pointer. [Policy.Decide] allocates nothing.
//
//	p, err := policy.Compile(spec)
//	d := p.Decide(policy.Asker{Network: p.Network(addr), DeviceType: "iPhone", User: "u@example.com"})
//	give, clamped := d.Limit(asked, advice)
//
// Rules are tried from the first to the last and the first that matches decides,
// so a person can follow them with a finger. Every decision carries the name of
// the rule that made it.
//
// It is pure: no I/O, no clock, no log. It knows neither HTTP nor WBXML and does
// not learn: what was learned comes in as a number. It does not authenticate
// either: the user is whom the request claims to be.
package policy
