package proof

import (
	"container/heap"
	"slices"
	"time"

	"github.com/diastole/diastole/heartbeat"
)

// A watch is one answer under watch.
type watch struct {
	id     ID
	answer Answer
	blind  bool // only the next request can prove something
	began  time.Time
	checks int
	trace  trace
	report func(heartbeat.Proof)

	due   time.Time
	index int // in the schedule
}

// next is when to look again: after 0.1, 0.4, 1.6, 6.4, 25.6 s and at the end of
// the window. The first looks are for connections that end soon after.
func (w *Watcher) next(one *watch) time.Time {
	end := one.began.Add(w.config.Window)
	if one.blind || one.trace.acked {
		return end
	}
	at := one.began.Add(100 * time.Millisecond << (2 * min(one.checks, 16)))
	if at.After(end) {
		return end
	}
	return at
}

// arm sets the timer to the earliest check. Called with the lock held.
func (w *Watcher) arm(now time.Time) {
	if w.ticking || w.stopped || len(w.due) == 0 {
		return // the tick at work arms it when it is through
	}
	in := max(0, w.due[0].due.Sub(now))
	if w.timer == nil {
		w.timer = time.AfterFunc(in, w.tick)
		return
	}
	w.timer.Reset(in)
}

// tick does all checks that are due. Two ticks may meet when the timer is set
// anew while it fires; the second has nothing to do.
func (w *Watcher) tick() {
	w.mu.Lock()
	if w.ticking {
		w.mu.Unlock()
		return
	}
	w.ticking = true
	w.mu.Unlock()
	for w.check(time.Now()) {
	}
}

// check looks at the answer that is due first; more is false when none is. The
// lock is held for one answer only: 8,000 may be due at once, and requests wait
// for this lock.
func (w *Watcher) check(now time.Time) (more bool) {
	w.mu.Lock()
	if w.stopped || len(w.due) == 0 || w.due[0].due.After(now) {
		w.ticking = false
		w.arm(now)
		w.mu.Unlock()
		return false
	}
	one := w.due[0]
	p, over := w.judge(one, now.Sub(one.began))
	if over {
		w.remove(one)
	} else {
		one.checks++
		one.due = w.next(one)
		heap.Fix(&w.due, one.index)
	}
	w.mu.Unlock()
	if over {
		one.report(p)
	}
	return true
}

// judge looks at a socket where that can still tell something. A socket that was
// closed under us is judged by what was seen before.
func (w *Watcher) judge(one *watch, age time.Duration) (heartbeat.Proof, bool) {
	if one.blind || one.trace.acked {
		return one.trace.known(), age >= w.config.Window
	}
	r, ok := w.look(one)
	if !ok {
		return one.trace.known(), true
	}
	return one.trace.see(r, age, w.config.Window)
}

// arrived looks whether an answer is acknowledged by now.
func (w *Watcher) arrived(one *watch) bool {
	if !one.trace.acked {
		if r, ok := w.look(one); ok {
			one.trace.see(r, 0, w.config.Window)
		}
	}
	return one.trace.acked
}

func (w *Watcher) look(one *watch) (reading, bool) {
	if one.blind {
		return reading{}, false
	}
	return w.read(one.answer.Conn)
}

func (w *Watcher) remove(one *watch) {
	heap.Remove(&w.due, one.index)
	delete(w.byID, one.id)
	who := one.answer.Who
	w.byWho[who] = slices.DeleteFunc(w.byWho[who], func(other *watch) bool { return other == one })
	if len(w.byWho[who]) == 0 {
		delete(w.byWho, who)
	}
}

// schedule is a heap (container/heap) of watches, the earliest due first.
type schedule []*watch

func (s schedule) Len() int           { return len(s) }
func (s schedule) Less(i, j int) bool { return s[i].due.Before(s[j].due) }
func (s schedule) Swap(i, j int) {
	s[i], s[j] = s[j], s[i]
	s[i].index, s[j].index = i, j
}

func (s *schedule) Push(x any) {
	one := x.(*watch)
	one.index = len(*s)
	*s = append(*s, one)
}

func (s *schedule) Pop() any {
	old := *s
	one := old[len(old)-1]
	old[len(old)-1] = nil
	*s = old[:len(old)-1]
	return one
}
