package doctor

import (
	"context"
	"fmt"
	"slices"
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
	all := slices.Concat(r.Holds, r.Search)
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

// lasts is how long a round below high takes: where the server takes no Ping so short,
// a longer one with bytes between.
func (r *PathReport) lasts(high time.Duration) time.Duration {
	longest := high
	for _, h := range slices.Concat(r.Holds, r.Search) {
		if time.Duration(h.Silence) <= high {
			longest = max(longest, time.Duration(h.Asked))
		}
	}
	return longest + slack + probing
}

// narrow looks between the longest silence that was survived and the shortest that was
// not, a few waits at once, until both are near each other or the time is over. Ends
// that were heard need no search: they say when.
func (w *walk) narrow(ctx context.Context) error {
	end := time.Now().Add(w.limit)
	for {
		low, high := w.path.bracket()
		lasts := w.path.lasts(high)
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
		w.tell(fmt.Sprintf("searching between %s, which is survived, and %s, which is not: up to %s more", briefly(low), briefly(high), briefly(lasts)))
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
		waits.Go(func() {
			if c := w.try(ctx, searchers, trial{high, min(often, high/3)}); c.End != endFailed && c.End != endGivenUp {
				w.path.Control = &c
			}
		})
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
