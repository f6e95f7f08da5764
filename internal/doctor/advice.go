package doctor

import (
	"fmt"
	"time"

	"github.com/diastole/diastole/proxy/check"
)

// workers are the profiles of servers with a process for each wait, and what the
// profile asks them by.
var workers = map[string]string{"sogo": byPing, "zpush": byEstimate, "grommunio": byEstimate, "horde": byEstimate}

const (
	byEstimate = "estimate"
	byPing     = "ping"

	// shortestSlice is the least that upstream.slice takes.
	shortestSlice = 10 * time.Second
)

// advise says what fits, from what was found.
func advise(r *Report) Advice {
	a := Advice{Profile: r.Server.Profile, Hold: "pass", Fits: true}
	if a.Profile == "" {
		a.Profile = "generic"
		a.because("nothing tells which server this is, so it is treated like any other")
	} else {
		a.because("it is known by " + r.Server.Seen)
	}
	a.Estimates, a.Pings = r.estimatesExact(), r.pingsTell()
	a.chooseCheck(r)
	a.chooseHold(r)
	if r.Load != nil && r.Load.SlowAt > 0 {
		a.leaveRoom(r.Load)
	}
	return a
}

// leaveRoom keeps a part of the workers for everything that does not wait. At the edge
// questions and handed-over waits share the rest.
func (a *Advice) leaveRoom(l *Load) {
	a.MaxWaits = max(1, l.SlowAt*3/4)
	if a.Hold == "edge" {
		a.MaxWaits = max(1, l.SlowAt*2/5)
		a.MaxChecks = a.MaxWaits
	}
	a.because(fmt.Sprintf("OPTIONS took %s with %d waits at once", l.Last, l.SlowAt))
}

func (a *Advice) because(reason string) { a.Reasons = append(a.Reasons, reason) }

// chooseCheck takes the profile's own question where that is proven, and the other
// where only the other is.
func (a *Advice) chooseCheck(r *Report) {
	usual := workers[a.Profile]
	if usual == "" {
		usual = byEstimate
	}
	exact := map[string]Proof{byEstimate: a.Estimates, byPing: a.Pings}
	switch {
	case exact[usual] == Proven:
		a.Check = usual
	case a.Profile == "sogo": // its estimates are refused by the configuration
	case exact[byPing] == Proven:
		a.Check = byPing
	}
	switch a.Estimates {
	case Proven:
		a.because("estimates are exact: 0 when nothing has changed, above 0 after each change")
	case Refuted:
		a.because("estimates are not exact: " + r.firstWrong())
	default:
		a.because("whether estimates are exact was not seen")
	}
	if a.Check == byPing {
		a.because(fmt.Sprintf("a Ping of %s tells the truth, and takes the server %s when nothing has changed", checkPing, r.costOfPing()))
	}
}

func (a *Advice) chooseHold(r *Report) {
	isWorkers := workers[a.Profile] != ""
	switch {
	case r.Wait.Means == cut:
		a.cutAfter(time.Duration(r.Wait.Took))
	case r.Wait.Means == early && time.Duration(r.Wait.Took) < min(2*shortestSlice, time.Duration(r.Wait.Asked)/2):
		a.Fits = false
		a.because(fmt.Sprintf("it does not hold waits: a Ping of %s was ended after %s", r.Wait.Asked, r.Wait.Took))
	case r.Wait.Means == refused, r.Wait.Means == broken:
		a.Fits = false
		a.because("whether it holds a wait was not seen: the Ping of " + r.Wait.Asked.String() + " was " + r.Wait.Means)
	default:
		a.because(fmt.Sprintf("a Ping of %s was %s, after %s", r.Wait.Asked, r.Wait.Means, r.Wait.Took))
	}
	switch {
	case isWorkers && a.Check != "":
		a.Hold, a.Slice = "edge", 0
		a.because("each wait takes one of its processes: with a source under wake it needs none")
	case isWorkers:
		a.Fits = false
		a.because("each wait takes one of its processes, but no question was proven that could spare them")
	}
}

// cutAfter is a server, or a box in front of it, that does not let a wait live.
func (a *Advice) cutAfter(took time.Duration) {
	if took < 2*shortestSlice {
		a.Fits = false
		a.because(fmt.Sprintf("a wait was not held at all: it ended without an answer after %s", Span(took)))
		return
	}
	a.Hold, a.Slice = "slice", Span(max(shortestSlice, (took-10*time.Second).Truncate(5*time.Second)))
	a.because(fmt.Sprintf("something cuts waits after %s", Span(took)))
}

// estimatesExact says whether every estimate was right, and there were changes to see.
func (r *Report) estimatesExact() Proof {
	changes := 0
	for _, c := range r.Cases {
		if c.Estimate.State == check.Unclear.String() || (c.Estimate.State == check.Changed.String()) != c.Changed {
			return Refuted
		}
		if c.Changed {
			changes++
		}
	}
	if changes == 0 {
		return Unseen
	}
	return Proven
}

// pingsTell says whether a short Ping tells nothing from a new mail. Of a flag or a
// deletion a Ping may be silent (MS-ASCMD 3.1.5.8): then the server's own waits are too.
func (r *Report) pingsTell() Proof {
	proof := Unseen
	for _, c := range r.Cases {
		state := c.Ping.State
		switch {
		case state == check.Unclear.String(), state == check.Changed.String() && !c.Changed:
			return Refuted
		case c.Changed && state == check.Changed.String():
			proof = Proven
		case c.Event == "a mail came":
			return Refuted
		}
	}
	return proof
}

func (r *Report) firstWrong() string {
	for _, c := range r.Cases {
		if c.Estimate.State == check.Unclear.String() || (c.Estimate.State == check.Changed.String()) != c.Changed {
			return c.Event + ", and it said " + c.Estimate.Says
		}
	}
	return ""
}

func (r *Report) costOfPing() Span {
	for _, s := range r.Short {
		if time.Duration(s.Asked) == checkPing {
			return s.Took
		}
	}
	return 0
}
