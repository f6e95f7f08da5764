package imap

import (
	"time"

	"github.com/diastole/diastole/internal/wake"
)

// account is a mailbox with the credentials for it, and everybody who waits on it.
// All of it is guarded by its source's mu.
type account struct {
	source *Source
	id     wake.Identity
	login  credentials // only while somebody waits

	watchers map[*watching]struct{}
	waits    wake.Classes // all that anybody has waited on: who once needed NOTIFY soon will again
	keeper   *keeper      // nil: no connection, and nobody tries
	linger   *time.Timer  // runs while nobody waits

	covers    wake.Classes
	state     string
	tokens    tokens
	noNotify  bool      // the server has refused it to this user
	wokenAt   time.Time // the last change, at first when somebody came
	placedAt  time.Time
	holds     bool      // one of the places
	outside   bool      // it wants a place and found none
	refusedAt time.Time // when the server called these credentials wrong
}

func newAccount(s *Source, id wake.Identity) *account {
	return &account{source: s, id: id, watchers: map[*watching]struct{}{}, tokens: tokens{blind: true}, wokenAt: time.Now()}
}

// join adds a watcher. A wrong password is tried again only here, and not more than
// once in a minute: an account that is locked by us would be worse than no push.
func (a *account) join(l credentials, waits wake.Classes, heard func(bool)) *watching {
	w := &watching{account: a, waits: waits, heard: heard}
	a.rest(false)
	a.watchers[w] = struct{}{}
	a.login = l
	a.waits |= waits
	switch {
	case a.keeper == nil && time.Since(a.refusedAt) < refusedPause:
	case a.keeper == nil:
		a.source.place(a)
	case a.covers == wake.Inbox && a.wantsNotify():
		a.keeper.cut(changing)
	}
	return w
}

const refusedPause = time.Minute

// leave takes a watcher away. With the last one goes the password; the connection
// needs it no more, and waits a little for the phone's next request.
func (a *account) leave(w *watching) {
	if _, here := a.watchers[w]; !here {
		return
	}
	delete(a.watchers, w)
	if len(a.watchers) > 0 || a.source.closed {
		return
	}
	a.login = credentials{}
	a.rest(true)
}

// rest begins, or ends, the time in which nobody waits.
func (a *account) rest(begins bool) {
	s := a.source
	if !begins {
		if a.linger != nil {
			a.linger.Stop()
			a.linger = nil
			s.idlers--
		}
		return
	}
	if s.idlers >= mostIdlers {
		a.forget()
		return
	}
	s.idlers++
	var timer *time.Timer
	timer = time.AfterFunc(a.lingers(), func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if a.linger == timer {
			a.forget()
		}
	})
	a.linger = timer
}

// mostIdlers limits how many accounts are kept for phones that may come back: who
// guesses passwords makes a new one with each guess.
const mostIdlers = 4096

// lingers is how long an account is kept without a watcher: one whose password was
// refused as long as that must be known.
func (a *account) lingers() time.Duration {
	return max(a.source.cfg.Linger, refusedPause-time.Since(a.refusedAt))
}

// forget ends the account; its watchers, if any are left, are told by nobody.
func (a *account) forget() {
	a.rest(false)
	a.stop()
	a.login, a.covers = credentials{}, 0
	a.setOutside(false)
	a.become("")
	if a.source.accounts[a.id] == a {
		delete(a.source.accounts, a.id)
	}
}

// wantsNotify says whether IDLE, which sees the inbox alone, would not do.
func (a *account) wantsNotify() bool {
	mode := a.source.cfg.Mode
	return !a.noNotify && (mode == "notify" || mode != "idle" && a.waits&wake.Mail != 0)
}

// states are the values of the metric's label; "" is not counted.
var states = []string{"", "connecting", "idle", "notify", "waiting", "refused", "capped"}

func (a *account) become(state string) {
	gauge := a.source.counts.connections
	if a.state != "" {
		gauge.WithLabelValues(a.state).Dec()
	}
	if state != "" {
		gauge.WithLabelValues(state).Inc()
	}
	a.state = state
}
