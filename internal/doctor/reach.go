package doctor

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// reach holds the longest wait that the server takes, where that lies above the waits
// that were held: else a box that forgets between would not be seen behind the refusal.
func (w *walk) reach(ctx context.Context) error {
	first := w.path.decides()
	if first == nil || first.End != endLimit {
		return nil
	}
	limit := time.Duration(first.Limit)
	if limit <= w.path.low()+exact {
		return nil
	}
	w.tell(fmt.Sprintf("the server takes no wait above %s: holding that", briefly(limit)))
	h := w.try(ctx, 0, trial{interval: limit})
	above := slices.IndexFunc(w.path.Holds, func(other Hold) bool { return other.Asked > h.Asked })
	w.path.Holds = slices.Insert(w.path.Holds, max(above, 0), h)
	return ctx.Err()
}

// reached says what was seen of waits up to the server's own limit.
func (r *PathReport) reached(limit, low time.Duration) string {
	if low+exact < limit {
		return "what the way does to waits above " + briefly(low.Round(time.Second)) + " was not seen"
	}
	return "waits of " + briefly(limit) + " were held: nothing else cuts them"
}
