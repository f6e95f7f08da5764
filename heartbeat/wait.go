package heartbeat

import (
	"math"
	"time"
)

// Wait is a wait that is over.
type Wait struct {
	Network Network
	Asked   time.Duration // by the device
	Given   time.Duration // what went up after clamping; of a refusal that names a limit, that limit
	Held    time.Duration // how long it was silent
	Outcome Outcome
	Proof   Proof // of its answer; Unknown if it will be known later (Tracker.Proved) or never
}

// Ended is a wait as the tracker remembers it: in whole seconds, up to 18 hours.
type Ended struct {
	When    time.Time // of its end
	Asked   time.Duration
	Given   time.Duration
	Held    time.Duration
	Outcome Outcome
	Proof   Proof
}

// full tells a wait that its device takes for a success, as far as it is known. A
// device cannot know that a Status 1 came early for a reason.
func (e *Ended) full() bool {
	return (e.Outcome == Expired || e.Outcome == Early) && e.Proof != Lost
}

// broken tells a wait that ended without its device getting an answer.
func (e *Ended) broken() bool {
	return e.Outcome == Silent || e.Outcome == Reset || e.Proof == Lost
}

// dead is broken, or known to be by what the device asked next.
func (e *Ended) dead(next time.Duration) bool {
	return e.broken() || e.full() && e.Proof == Unknown && next < e.Asked
}

// record is Ended in 12 bytes: a million devices keep eight each.
type record struct {
	when               uint32 // seconds since 1970
	asked, given, held seconds
	outcome            Outcome
	proof              Proof
}

// seconds is an interval in whole seconds, at most 18 hours; Exchange takes 59 min.
type seconds uint16

func inSeconds(d time.Duration) seconds {
	return seconds(min(max(d.Round(time.Second)/time.Second, 0), math.MaxUint16))
}

func (s seconds) duration() time.Duration { return time.Duration(s) * time.Second }

// stamp is a time in whole seconds, from 1970 to 2106.
func stamp(t time.Time) uint32 { return uint32(min(max(t.Unix(), 0), math.MaxUint32)) }

func pack(e Ended) record {
	return record{stamp(e.When), inSeconds(e.Asked), inSeconds(e.Given), inSeconds(e.Held), e.Outcome, e.Proof}
}

func (r record) ended() Ended {
	return Ended{time.Unix(int64(r.when), 0), r.asked.duration(), r.given.duration(), r.held.duration(), r.outcome, r.proof}
}
