package imap

import "time"

// tenure is how long a place is safe: with more phones than places each request of
// one would otherwise cost another its connection, and the server a login.
const tenure = 10 * time.Minute

// place starts a keeper where there is a place to be had.
func (s *Source) place(a *account) {
	if s.closed || len(a.watchers) == 0 {
		return
	}
	if !s.room() {
		a.setOutside(true)
		a.become("capped")
		return
	}
	a.setOutside(false)
	a.keep()
}

func (s *Source) room() bool { return s.placed < s.cfg.Connections || s.weakest() != nil }

// claim gives an account a place, after its login, so that a wrong password costs
// nobody his: a free one, or the one of the account that was woken longest ago.
func (s *Source) claim(a *account) bool {
	if a.holds {
		return true
	}
	if s.placed >= s.cfg.Connections {
		loser := s.weakest()
		if loser == nil {
			return false
		}
		loser.evict()
	}
	s.placed++
	a.holds, a.placedAt = true, time.Now()
	return true
}

// weakest is the account whose place another may have: one that nobody waits on, or
// the one whose last change is longest ago. nil: all places are too young.
func (s *Source) weakest() (weakest *account) {
	for _, a := range s.accounts {
		if !a.holds || len(a.watchers) > 0 && time.Since(a.placedAt) < tenure {
			continue
		}
		if weakest == nil || a.weaker(weakest) {
			weakest = a
		}
	}
	return weakest
}

func (a *account) weaker(b *account) bool {
	if idle := len(a.watchers) == 0; idle != (len(b.watchers) == 0) {
		return idle
	}
	return a.wokenAt.Before(b.wokenAt)
}

// evict takes an account's place away, for another one and not for whoever is
// outside. Its keeper tells the watchers.
func (a *account) evict() {
	a.source.placed--
	a.holds = false
	switch {
	case len(a.watchers) == 0:
		a.forget()
	case a.keeper != nil:
		a.keeper.cut(capped)
	}
}

// release gives a place back, to the one outside who was woken last.
func (a *account) release() {
	if !a.holds {
		return
	}
	s := a.source
	s.placed--
	a.holds = false
	if s.outside == 0 {
		return
	}
	var next *account
	for _, b := range s.accounts {
		if b.outside && (next == nil || b.wokenAt.After(next.wokenAt)) {
			next = b
		}
	}
	if next != nil {
		s.place(next)
	}
}

// setOutside says that an account found no place, or is no longer looking for one.
func (a *account) setOutside(outside bool) {
	if a.outside == outside {
		return
	}
	a.outside = outside
	if outside {
		a.source.outside++
		a.source.counts.capped.Inc()
	} else {
		a.source.outside--
	}
}
