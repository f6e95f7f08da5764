package doctor

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// again holds the wait once more whose end the verdict hangs on. A time-out, and a box
// that forgets, do it again; the restart of a server, and a network that was away for a
// minute, look the same the first time, and do not.
func (w *walk) again(ctx context.Context) error {
	var once time.Duration
	var ends string
	switch loud := w.path.decides(); {
	case loud != nil && loud.abrupt():
		once, ends = w.path.longer(loud), "always ended after "+briefly(time.Duration(loud.Took.rounded()))
	case loud == nil && w.path.diedOnce():
		once, ends = time.Duration(w.path.firstSilent().Silence), "never answered"
	}
	if once == 0 || once+slack+probing > w.limit {
		return nil
	}
	w.tell(fmt.Sprintf("holding a wait of %s once more: is it %s?", briefly(once), ends))
	for n := 1; ; n++ {
		h := w.try(ctx, 0, trial{interval: once})
		if h.End != endGivenUp {
			w.path.Again = &h
		}
		if h.End != endFailed || n == restarts || pause(ctx, prompt/2) != nil {
			return ctx.Err()
		}
	}
}

// restarts is how often it is tried to reach a server that has ended a wait: half a
// minute is enough for most to start anew.
const restarts = 3

// diedOnce says whether nothing but one wait died without a word, and the search has
// found nobody who forgets.
func (r *PathReport) diedOnce() bool {
	_, high := r.bracket()
	return high > 0 && r.Control != nil && r.Control.End == endHeld &&
		!slices.ContainsFunc(r.Search, func(h Hold) bool { return h.End == endSilent })
}

// outage is the verdict where a silent death was none of a box that forgets; ok is false
// where nothing speaks against that.
func (r *PathReport) outage() (v Verdict, ok bool) {
	dead := r.firstSilent()
	v.Side, v.Low = SideUnknown, Span(r.low())
	v.Says = "It cannot be told: a wait of " + briefly(time.Duration(dead.Asked)) + " got no answer, "
	v.Ways = []string{"look whether the network was away then, this machine's or the server's; and look again"}
	gone := len(r.Search) > 0 && !slices.ContainsFunc(r.Search, func(h Hold) bool { return h.End != endFailed })
	switch a := r.Again; {
	case gone:
		v.Says += "and then the server could not be asked any more: " + visible(r.Search[0].Says) + "."
	case a != nil && a.End == endHeld:
		v.Says += "but held once more it was answered. That is no box that forgets, but something that happened once."
	default:
		return v, false
	}
	return v, true
}

// abrupt says whether a wait was ended in the middle, or answered too late: by a time-out
// or a slow server, or by an accident. Everything else is a server's own decision.
func (h Hold) abrupt() bool {
	switch h.End {
	case endClosed, endReset, endLate:
		return true
	case endHTTP:
		return !h.atOnce()
	}
	return false
}

// atOnce is a refusal: no time-out is so short.
func (h Hold) atOnce() bool { return time.Duration(h.Took) < 5*time.Second }

// longer is the shortest of the waits that would have lasted longer than one did; of
// one that was late, its own length.
func (r *PathReport) longer(than *Hold) (once time.Duration) {
	if than.End == endLate {
		return time.Duration(than.Asked)
	}
	for _, h := range r.Holds {
		if asked := time.Duration(h.Asked); asked > than.when() && (once == 0 || asked < once) {
			once = asked
		}
	}
	return once
}

// accident is the verdict where what ended a wait did not end it again; ok is false
// where it did, or was not tried.
func (r *PathReport) accident(first *Hold) (v Verdict, ok bool) {
	a := r.Again
	if a == nil || a.End != endFailed && a.End != endHeld {
		return v, false
	}
	v.Side, v.Low = SideUnknown, Span(r.low())
	was := briefly(time.Duration(first.Took.rounded())) + " (" + visible(first.Says) + ")"
	if a.End == endFailed {
		v.Says = "It cannot be told: waits ended after " + was + ", and then the server could not be asked any more: " + visible(a.Says) + "."
		v.Ways = []string{"the server, or the network in front of it, went away during the look: try again when it is back"}
		return v, true
	}
	v.Says = "It cannot be told: waits ended after " + was + ", but one that was held once more was answered in time, after " +
		briefly(time.Duration(a.Took.rounded())) + ". That is no time-out, but something that happened once."
	v.Ways = []string{"look whether the server, a proxy or the network was started anew then; and look again"}
	return v, true
}

// repeated says what holding the wait once more has shown.
func (r *PathReport) repeated(first *Hold) string {
	switch a := r.Again; {
	case !first.abrupt():
		return ""
	case a == nil || !a.abrupt():
		return "it was tried once: if the server, or a proxy, was restarted just then, that looks the same (allow more time with --search)"
	case (a.Took - first.Took).near():
		return "a wait was held once more, and ended after " + briefly(time.Duration(a.Took.rounded())) + " again: that is no accident"
	default:
		return "a wait was held once more, and ended after " + briefly(time.Duration(a.Took.rounded())) + " then: not always after the same time"
	}
}

// near is a difference that a network and a timer make.
func (s Span) near() bool { return time.Duration(s).Abs() <= 5*time.Second }
