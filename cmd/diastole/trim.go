package main

import (
	"context"
	"runtime/debug"
	"runtime/metrics"
	"time"

	"go.uber.org/zap"
)

// The garbage collector lets the heap grow to twice of what lives before it looks,
// and keeps what it then frees for the next growth. Eight thousand handshakes at
// once leave so much behind that the memory of a held wait would seem, and for an
// hour would be, the double. When such a burst is over, what it left is given back.
const (
	// trimLook is how often the heap is looked at. Reading runtime/metrics stops
	// nobody.
	trimLook = 15 * time.Second

	// trimPause keeps a steady coming and going from becoming a collection at every
	// look: each costs a walk through all that lives.
	trimPause = time.Minute

	// trimWorth is less than what a process needs for anything: not worth a walk.
	trimWorth = 16 << 20
)

// heapLook is what is known of the heap at a moment, in bytes.
type heapLook struct {
	at        time.Time
	live      uint64 // at the end of the last collection
	objects   uint64 // live, and what has died or come since
	free      uint64 // empty, and not given back
	unused    uint64 // holes between objects
	allocated uint64 // ever
}

// spare is what a collection and giving back could bring, at most.
func (h heapLook) spare() uint64 { return h.objects - min(h.live, h.objects) + h.free + h.unused }

// trimmer decides when memory is given back.
type trimmer struct {
	last    heapLook
	trimmed time.Time
	kept    uint64 // what could not be given back the last time
}

// due says whether to give memory back now. It is worth it if there is much to be
// given, more than the last time left over: holes between objects stay until the
// objects go. And it has to be quiet, because whoever is still growing would only
// fetch the memory again, page by page.
func (t *trimmer) due(now heapLook) bool {
	before := t.last
	t.last = now
	if before.at.IsZero() {
		return false
	}
	spare := now.spare()
	t.kept = min(t.kept, spare)
	worth := spare-t.kept > max(trimWorth, now.live/4)
	quiet := now.allocated-before.allocated < max(now.live/10, 1<<20)
	return worth && quiet && now.at.Sub(t.trimmed) >= trimPause
}

// done notes that memory was given back, and what is left.
func (t *trimmer) done(left heapLook) { t.trimmed, t.kept = left.at, left.spare() }

// trimMemory gives memory back to the system until ctx ends.
func trimMemory(ctx context.Context, log *zap.Logger) {
	var t trimmer
	tick := time.NewTicker(trimLook)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case at := <-tick.C:
			if now := lookAtHeap(at); t.due(now) {
				debug.FreeOSMemory()
				left := lookAtHeap(at)
				t.done(left)
				log.Debug("memory was given back", zap.Uint64("live_bytes", left.live),
					zap.Uint64("spare_bytes", now.spare()), zap.Uint64("left_bytes", left.spare()))
			}
		}
	}
}

func lookAtHeap(at time.Time) heapLook {
	look := []metrics.Sample{
		{Name: "/gc/heap/live:bytes"}, {Name: "/memory/classes/heap/objects:bytes"}, {Name: "/memory/classes/heap/free:bytes"},
		{Name: "/memory/classes/heap/unused:bytes"}, {Name: "/gc/heap/allocs:bytes"},
	}
	metrics.Read(look)
	value := func(i int) uint64 { return look[i].Value.Uint64() }
	return heapLook{at: at, live: value(0), objects: value(1), free: value(2), unused: value(3), allocated: value(4)}
}
