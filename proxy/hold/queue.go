package hold

import (
	"sync"
	"time"
)

// QueueConfig is how many waits the upstream is given. The zero value limits nothing.
type QueueConfig struct {
	Max  int // up at once; 0: no limit
	Pace int // starts a second, after a burst of one second's worth; 0: no limit
}

// Queue lets upstream waits go up: at most Max at once and at most Pace a second, in
// turn between their owners (users), first come first served within one. A user with
// a hundred devices delays another by one start, not by a hundred. Who is up stays
// up, however many of them are one owner's.
//
// The queue itself has no limit: a place is 250 bytes or so and is there because a
// phone's connection is, and those are limited by whoever accepts them.
type Queue struct {
	mu    sync.Mutex
	turns turns
	timer *time.Timer // calls next when the pace allows the next start
}

// NewQueue makes an empty queue. It has no goroutine of its own; while somebody waits
// for the pace it has a timer of at most a second.
func NewQueue(c QueueConfig) *Queue {
	q := &Queue{turns: turns{config: c}}
	q.timer = time.AfterFunc(time.Hour, q.next)
	q.timer.Stop()
	return q
}

// Enter asks for a place. start is called exactly once when the turn comes: inside
// Enter when there is room now and nobody waits, otherwise later, on the goroutine
// that made room (by Leave or Configure) or on one of the timer's. It is not called
// any more when Leave has come first. It may call Leave and Enter, and must not block
// for long: it blocks whoever made room, though nobody else's start: where there is
// room for several, they start at the same time. Called inside Enter, it runs before
// the caller has the Place.
func (q *Queue) Enter(owner string, start func()) *Place { return q.enter(owner, false, start) }

// Hurry is Enter for what is urgent: it goes before the others, in turn between the
// owners too, but now and then one of the others goes first.
func (q *Queue) Hurry(owner string, start func()) *Place { return q.enter(owner, true, start) }

func (q *Queue) enter(owner string, urgent bool, start func()) *Place {
	p := &Place{queue: q, start: start}
	q.mu.Lock()
	q.turns.join(p, owner, urgent)
	q.mu.Unlock()
	q.next()
	return p
}

// Configure changes the limits, on reload. Whoever is up stays up; with a lower Max
// nobody starts until enough have left.
func (q *Queue) Configure(c QueueConfig) {
	q.mu.Lock()
	q.turns.config = c
	q.mu.Unlock()
	q.next()
}

// Len says how many are up and how many wait.
func (q *Queue) Len() (up, waiting int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.turns.up, q.turns.waiting
}

// next starts one place if there is room for one, and sees to it that somebody else
// starts the others: a start that hangs must not hang those behind it.
func (q *Queue) next() {
	if p := q.take(); p != nil {
		p.start()
		q.mu.Lock()
		p.starting, p.start = false, nil // nil: what it holds is not kept for an hour
		q.mu.Unlock()
	}
}

// take gives the place whose turn it is now, nil if it is nobody's.
func (q *Queue) take() *Place {
	q.mu.Lock()
	defer q.mu.Unlock()
	now := time.Now()
	p := q.turns.next(now)
	if after, waits := q.turns.after(now); waits && after <= 0 {
		go q.next()
	} else if waits {
		q.timer.Reset(after)
	}
	return p
}
