package dav

import (
	"math/rand/v2"
	"time"

	"github.com/diastole/diastole/internal/wake"
)

// account is a user with one password, and all who wait with them. What is not the
// audience's is guarded by the source's mu.
type account struct {
	source   *Source
	id       wake.Identity
	audience wake.Audience
	who      credentials // only while somebody waits

	next   *time.Timer // until it is due; nil: it is, or is not to be
	queued bool        // it is due
	on     *look       // the one that is on
	lapse  *time.Timer // after the last look nothing is known any more
	linger *time.Timer // runs while nobody waits

	known     bool // it was looked at, and this was seen, so recently:
	seen      sight
	lookedAt  time.Time
	refusedAt time.Time // when the server called these credentials wrong
}

const (
	// lingers is for how long it is kept what an account looked like. Old knowledge is
	// as good as new: what is different now has happened since, before the phone came
	// back or after. Without it each return would cost the server a question.
	lingers = time.Hour

	// refusedPause: a wrong password is tried again only when somebody comes with it
	// again, and not more than once in this time. An account that is locked by us would
	// be worse than no push.
	refusedPause = time.Minute
)

// watching is one who waits, as the source's callers have him.
type watching struct {
	*wake.Member
	account *account
}

// Leave implements wake.Watching.
func (w watching) Leave() {
	s := w.account.source
	s.mu.Lock()
	defer s.mu.Unlock()
	if w.account.audience.Part(w.Member) {
		w.account.left()
	}
}

// join adds a watcher. What is known from before was seen before he asks the server,
// and the next look finds whatever is different then: it covers him from the beginning,
// if it is not so old that nobody has looked in between.
func (a *account) join(who credentials, waits wake.Classes, heard func(bool)) watching {
	stop(&a.linger)
	if a.audience.Empty() && a.known {
		if fresh := 2*a.source.config.Every - time.Since(a.lookedAt); fresh > 0 {
			a.lapsesIn(fresh)
		} else {
			a.audience.Cover(0)
		}
	}
	a.who = who
	w := watching{a.audience.Join(waits, heard), a}
	if a.next == nil && !a.queued && a.on == nil && time.Since(a.refusedAt) >= refusedPause {
		a.dueIn(time.Until(a.lookedAt.Add(a.source.pause())))
	}
	return w
}

// left is the end of the last watcher. With him goes the password, also out of the look
// that is on.
func (a *account) left() {
	a.who = credentials{}
	stop(&a.next)
	stop(&a.lapse)
	if a.on != nil {
		a.on.cancel()
		a.on = nil
	}
	keep := lingers
	switch {
	case a.source.accounts[a.id] != a: // the source is closed
		return
	case a.known:
	case time.Since(a.refusedAt) < refusedPause:
		keep = refusedPause
	default:
		a.forget()
		return
	}
	after(&a.linger, a, keep, a.forget)
}

// forget ends the account; nobody is covered by it any more.
func (a *account) forget() {
	a.who = credentials{}
	stop(&a.next)
	stop(&a.lapse)
	stop(&a.linger)
	a.audience.Cover(0)
	if a.source.accounts[a.id] == a {
		delete(a.source.accounts, a.id)
	}
}

// dueIn has the account looked at in this time, or as soon as it is its turn then.
func (a *account) dueIn(in time.Duration) {
	if in > 0 {
		after(&a.next, a, in, func() { a.dueIn(0) })
		return
	}
	select {
	case a.source.due <- a:
		a.queued = true
	default: // full of those who came and went
		a.dueIn(time.Second)
	}
}

// lapsesIn has it cover nothing after this time, unless it was looked at before: a server
// that is slow, or has more users than there is time for, would leave us with the belief
// that nothing changes.
func (a *account) lapsesIn(in time.Duration) {
	stop(&a.lapse)
	after(&a.lapse, a, in, func() {
		if a.audience.Cover(0) {
			go a.audience.Tell(0) // not with mu held
		}
	})
}

// after calls f with the source's mu held, unless the timer was stopped before.
func after(timer **time.Timer, a *account, in time.Duration, f func()) {
	var t *time.Timer
	t = time.AfterFunc(in, func() {
		a.source.mu.Lock()
		defer a.source.mu.Unlock()
		if *timer == t {
			*timer = nil
			f()
		}
	})
	*timer = t
}

func stop(timer **time.Timer) {
	if *timer != nil {
		(*timer).Stop()
		*timer = nil
	}
}

// pause is between two looks at one account. A tenth of it is drawn, so that those who
// came together do not stay together.
func (s *Source) pause() time.Duration {
	every := s.config.Every
	return every - every/20 + rand.N(every/10)
}
