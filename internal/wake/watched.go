package wake

import (
	"sync"
	"sync/atomic"
	"time"
)

// Watched is one mailbox for one that waits. Its methods may be called from any
// goroutine, also by heard.
type Watched struct {
	hub    *Hub
	user   string // as the mail store knows it; the password is not kept here
	waits  Classes
	heard  func(changed bool)
	voices []*voice

	mu      sync.Mutex
	left    bool
	covered bool   // as counted in the metric
	counts  uint64 // how often it was to be counted
}

// voice is one source as it speaks of one mailbox.
type voice struct {
	source   Source
	watching atomic.Pointer[Watching] // nil until the source's Watch has returned
	spoke    atomic.Int64             // when it last told of a change, Unix nanoseconds
}

// covers is what the source covers now.
func (v *voice) covers() Classes {
	if watching := v.watching.Load(); watching != nil {
		return (*watching).Covers()
	}
	return 0
}

// spokeSince says whether the source told of a change at that time or after it.
func (v *voice) spokeSince(t time.Time) bool { return v.spoke.Load() >= t.UnixNano() }

func (w *Watched) hear(v *voice, changed bool) {
	if changed {
		v.spoke.Store(time.Now().UnixNano())
		w.hub.config.Metrics.heard.WithLabelValues(v.source.Name()).Inc()
	} else {
		w.count()
	}
	w.heard(changed)
}

// Covered says whether, as far as is known now, a change in any folder that the mailbox
// waits on is heard of within a second or so, from whichever source. Whoever waits for
// nothing is not covered: there is nothing to go by.
func (w *Watched) Covered() bool {
	var covers Classes
	for _, v := range w.voices {
		covers |= v.covers()
	}
	return w.waits != 0 && covers&w.waits == w.waits
}

// Coming says whether a source that has to connect first covers nothing yet: it may in a
// moment, and what it covers then may be all. A Hearsay connects to nothing: what it
// does not cover now it covers once it has spoken, which may be tomorrow.
func (w *Watched) Coming() bool {
	for _, v := range w.voices {
		if _, is := v.source.(Hearsay); !is && v.covers() == 0 {
			return true
		}
	}
	return false
}

// Leave ends it. Sources keep nothing of the mailbox for this watcher afterwards, and
// heard may be called once more, by one that was just about to.
func (w *Watched) Leave() {
	w.mu.Lock()
	again := w.left
	w.left = true
	if w.covered {
		w.covered = false
		w.hub.config.Metrics.covered.Dec()
	}
	w.mu.Unlock()
	if again {
		return
	}
	w.hub.config.Metrics.watched.Dec()
	for _, v := range w.voices {
		(*v.watching.Load()).Leave()
	}
}

// count keeps the metric of those that are covered.
func (w *Watched) count() {
	// Asked outside the lock: a source may take its own lock to answer, and may hold
	// it while it speaks.
	w.mu.Lock()
	w.counts++
	count := w.counts
	w.mu.Unlock()
	now := w.Covered()
	w.mu.Lock()
	defer w.mu.Unlock()
	// Of two at once the later knows better.
	if w.left || now == w.covered || count != w.counts {
		return
	}
	w.covered = now
	if now {
		w.hub.config.Metrics.covered.Inc()
	} else {
		w.hub.config.Metrics.covered.Dec()
	}
}
