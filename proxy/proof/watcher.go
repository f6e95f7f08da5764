package proof

import (
	"container/heap"
	"sync"
	"syscall"
	"time"

	"github.com/diastole/diastole/heartbeat"
)

// Config of a Watcher; the zero value stands for the defaults.
type Config struct {
	// Limit is how many answers are watched at once; 65,536. At the limit the
	// proof of a further answer is Unknown at once.
	Limit int
	// Window is how long after it was written an answer's fate is awaited; 30 s.
	// In it the kernel has sent an answer that stays unacknowledged some seven
	// times, at a usual round trip.
	Window time.Duration
}

// ID names an answer under watch. The zero ID is none.
type ID uint64

// A Watcher watches the answers of all devices: one timer, and a heap of what is
// due next. It may be used by any number of goroutines.
type Watcher struct {
	config Config
	read   func(syscall.RawConn) (reading, bool)

	mu      sync.Mutex
	timer   *time.Timer
	ticking bool // the timer has fired and its function is at work
	stopped bool
	last    ID
	refused uint64
	due     schedule
	byID    map[ID]*watch
	byWho   map[heartbeat.Key][]*watch
}

// New makes a Watcher. It has nothing to do, and no goroutine, until Watch.
func New(c Config) *Watcher {
	if c.Limit <= 0 {
		c.Limit = 1 << 16
	}
	if c.Window <= 0 {
		c.Window = 30 * time.Second
	}
	return &Watcher{config: c, read: read, byID: map[ID]*watch{}, byWho: map[heartbeat.Key][]*watch{}}
}

// Watch begins to watch an answer. Call it when the answer is written or is just
// about to be; now is that moment. report is called once, without any lock held:
// soon, at the end of the window, or before Watch returns if nothing can be
// proved (the ID is 0 then). It must not block: all reports come one after the
// other.
func (w *Watcher) Watch(a Answer, now time.Time, report func(heartbeat.Proof)) ID {
	blind := a.Blind()
	if a.stirred() || blind && a.Shared {
		report(heartbeat.Unknown)
		return 0
	}
	w.mu.Lock()
	if w.stopped || len(w.byID) >= w.config.Limit {
		w.refused++
		w.mu.Unlock()
		report(heartbeat.Unknown)
		return 0
	}
	defer w.mu.Unlock()
	w.last++
	one := &watch{id: w.last, answer: a, blind: blind, began: now, report: report}
	one.trace.before = a.Before.written
	one.due = w.next(one)
	w.add(one)
	w.arm(now)
	return one.id
}

// Confirm says that the next request has come on the answer's connection. On
// HTTP/1.1 a device that asks on has read the answer.
func (w *Watcher) Confirm(id ID) {
	w.about(id, func(one *watch) (heartbeat.Proof, bool) {
		return heartbeat.Confirmed, !one.answer.Shared || w.arrived(one)
	})
}

// Heard says that a device has sent a request, on whatever connection. That
// makes an acknowledged answer a confirmed one. It says nothing for one that is
// not: a device whose answer was lost asks again too, when its own patience ends.
func (w *Watcher) Heard(who heartbeat.Key) {
	w.mu.Lock()
	var sure []*watch
	for _, one := range w.byWho[who] {
		if w.arrived(one) {
			sure = append(sure, one)
		}
	}
	for _, one := range sure {
		w.remove(one)
	}
	w.mu.Unlock()
	for _, one := range sure {
		one.report(heartbeat.Confirmed)
	}
}

// Closing reads a connection for the last time; call it just before it is closed.
// Without it an answer that a firewall refused with a reset is Unknown: the
// HTTP server closes the socket before anybody can look.
func (w *Watcher) Closing(id ID) {
	w.about(id, func(one *watch) (heartbeat.Proof, bool) {
		if w.arrived(one) {
			return heartbeat.Unknown, false // its device may still be heard
		}
		r, ok := w.look(one)
		if !ok {
			return heartbeat.Unknown, true
		}
		p, _ := one.trace.see(r, 0, w.config.Window)
		return p, true
	})
}

// about lets f judge one answer and reports what it found.
func (w *Watcher) about(id ID, f func(*watch) (heartbeat.Proof, bool)) {
	w.mu.Lock()
	one, known := w.byID[id]
	if !known {
		w.mu.Unlock()
		return
	}
	p, over := f(one)
	if over {
		w.remove(one)
	}
	w.mu.Unlock()
	if over {
		one.report(p)
	}
}

// Close ends all watching: what is not known by now is Unknown.
func (w *Watcher) Close() {
	w.mu.Lock()
	w.stopped = true
	if w.timer != nil {
		w.timer.Stop()
	}
	rest := w.byID
	w.byID, w.byWho, w.due = nil, nil, nil
	w.mu.Unlock()
	for _, one := range rest {
		one.report(one.trace.known())
	}
}

// Len is how many answers are under watch.
func (w *Watcher) Len() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.byID)
}

// Refused counts the answers that were not watched because of the limit.
func (w *Watcher) Refused() uint64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.refused
}

func (w *Watcher) add(one *watch) {
	heap.Push(&w.due, one)
	w.byID[one.id] = one
	if who := one.answer.Who; who != (heartbeat.Key{}) {
		w.byWho[who] = append(w.byWho[who], one)
	}
}
