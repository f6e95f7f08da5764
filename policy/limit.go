package policy

import "time"

// DefaultRule is the name in a decision that no rule made.
const DefaultRule = "default"

// Shortest is the interval below which nothing is pushed by a margin or by what
// was learned: the shortest that Exchange takes (MS-ASCMD 2.2.3.88.1, notes 7 and
// 8). Below it the server itself would answer "too short", and a device that was
// told so may stop for good: Outlook does. Only an operator may go there, by a
// FirewallIdle of less, in front of a server that allows it.
const Shortest = 60 * time.Second

// Decision is what holds for one request.
type Decision struct {
	Rule   string        // the rule that made it, DefaultRule if none did
	Max    time.Duration // the longest silence that the way survives as the operator knows it; 0 = no limit known
	Margin time.Duration // to stay below Max
	Clamp  Clamp         // Early or Refuse
	Mode   Mode
	Learn  Learn
	Deny   bool // what the rule says; Denied says whether it is done
}

// Denied tells whether the request is to be refused (403) before anything else is
// done with it. While policy only observes, nobody is.
func (d Decision) Denied() bool { return d.Deny && d.Mode == Enforce }

// Enforced is the decision as it would be if all that is only observed were done,
// so that this can be recorded before an operator dares to switch it on.
func (d Decision) Enforced() Decision {
	d.Mode = Enforce
	if d.Learn == LearnObserve {
		d.Learn = LearnEnforce
	}
	return d
}

// Limit gives the interval that a request may have which asked for another.
// advice is the longest interval that was learned to be safe, margin already taken
// off (heartbeat.Advice.Interval); 0 = nothing is known.
//
// The smaller of Max minus Margin and advice counts, in whole seconds, as that is
// what the wire carries. Nothing is ever given beyond what was asked, and nothing
// is changed where nothing was asked (0) or where policy only observes: clamped
// is false then. Neither the margin nor the advice go below Shortest; of a Max
// that is itself below it, the margin takes at most half.
func (d Decision) Limit(asked, advice time.Duration) (give time.Duration, clamped bool) {
	limit := asked
	if d.Max > 0 {
		limit = min(limit, d.belowMax())
	}
	if d.Learn == LearnEnforce && advice > 0 {
		limit = min(limit, max(advice, Shortest))
	}
	if limit >= asked || d.Mode != Enforce {
		return asked, false
	}
	// To ask for 0 s would be an instant answer again and again.
	give = min(asked, max(limit.Truncate(time.Second), time.Second))
	return give, give < asked
}

// belowMax is Max minus Margin, as far as the margin may push.
func (d Decision) belowMax() time.Duration {
	floor := Shortest
	if d.Max < Shortest {
		floor = d.Max / 2
	}
	return max(d.Max-d.Margin, floor)
}
