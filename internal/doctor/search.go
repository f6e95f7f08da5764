package doctor

import (
	"context"
	"fmt"
	"sync"
	"time"
)

const (
	// searchers are the waits of one round of the search, and one more that is the control.
	searchers = 4

	// often is how often the control says a byte: no box forgets so soon.
	often = 10 * time.Second

	// exact is how near the two figures shall come to each other; a sixtieth where that is more.
	exact = 5 * time.Second
)

// bracket is the longest silence that was survived, and the shortest that was not; high
// is 0 if none died.
func (r *PathReport) bracket() (low, high time.Duration) {
	all := append(append([]Hold{}, r.Holds...), r.Search...)
	for _, h := range all {
		if s := time.Duration(h.Silence); h.End == endSilent && (high == 0 || s < high) {
			high = s
		}
	}
	for _, h := range all {
		if s, ok := h.spoke(); ok && s > low && (high == 0 || s < high) {
			low = s
		}
	}
	return low, high
}

// narrow looks between the longest silence that was survived and the shortest that was
// not, a few waits at once, until both are near each other or the time is over. Ends
// that were heard need no search: they say when.
func (w *walk) narrow(ctx context.Context) error {
	end := time.Now().Add(w.limit)
	for {
		low, high := w.path.bracket()
		lasts := high + slack
		switch c := w.path.Control; {
		case high == 0, time.Now().Add(lasts).After(end):
			return nil
		case c != nil && c.End == endSilent:
			return nil // it is not the silence: there is no figure to be found
		}
		points := between(low, high, searchers)
		if high-low <= max(exact, high/60) {
			points = nil
		}
		if len(points) == 0 && w.path.Control != nil {
			return nil
		}
		w.tell(fmt.Sprintf("silence of %s is survived, of %s not: trying %d between, for up to %s", briefly(low), briefly(high), len(points), briefly(lasts)))
		if err := w.round(ctx, points, high); err != nil {
			return err
		}
		if newLow, newHigh := w.path.bracket(); newLow == low && newHigh == high {
			return nil // nothing was learned: these waits could not be held
		}
	}
}

// round tries all points at once. The first has a control: the wait that died, with
// bytes between. If that lives, it was the silence that killed, and nothing else.
func (w *walk) round(ctx context.Context, points []time.Duration, high time.Duration) error {
	if err := w.enough(ctx, searchers+1); err != nil {
		return err
	}
	found := make([]Hold, len(points))
	var waits sync.WaitGroup
	for i, silence := range points {
		waits.Go(func() { found[i] = w.try(ctx, i, trial{interval: silence}) })
	}
	if w.path.Control == nil {
		w.path.Control = &Hold{}
		waits.Go(func() { *w.path.Control = w.try(ctx, searchers, trial{high, min(often, high/3)}) })
	}
	waits.Wait()
	w.path.Search = append(w.path.Search, found...)
	return ctx.Err()
}

// between are n figures, whole seconds (a Ping has no others), evenly between two.
func between(low, high time.Duration, n int) (points []time.Duration) {
	last := low
	for i := range n {
		p := (low + (high-low)*time.Duration(i+1)/time.Duration(n+1)).Round(time.Second)
		if p > last && p < high {
			points = append(points, p)
			last = p
		}
	}
	return points
}
