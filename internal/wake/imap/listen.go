package imap

import (
	"math/rand/v2"
	"time"

	"github.com/diastole/diastole/internal/wake"
)

const (
	// renewal is the longest time between two of our commands. A server may log out
	// who has been silent for 30 min, in IDLE too (RFC 2177 3); Dovecot does so with a
	// connection that only has NOTIFY, and to the second.
	idleRenewal   = 29 * time.Minute
	notifyRenewal = 25 * time.Minute
)

// listen hears the changes until the connection ends.
func (k *keeper) listen(c *client) error {
	if k.wantsNotify(c) {
		if err := k.notify(c); err != errNoNotify {
			return err
		}
		k.forgoNotify()
	}
	if !c.can.idle {
		return &fault{trouble: unsuitable, what: "the server has neither IDLE nor a NOTIFY that can be used"}
	}
	return k.idle(c)
}

// wantsNotify remembers a server that cannot, so that nobody changes over to it.
func (k *keeper) wantsNotify(c *client) bool {
	k.source.mu.Lock()
	defer k.source.mu.Unlock()
	k.account.noNotify = k.account.noNotify || !c.can.notify
	return k.account.wantsNotify()
}

func (k *keeper) forgoNotify() {
	k.source.mu.Lock()
	defer k.source.mu.Unlock()
	k.account.noNotify = true
}

// stand says that from now on changes in these classes are heard of. Where the
// tokens are not those from before, something was missed, or may have been.
func (k *keeper) stand(state string, covers wake.Classes, now tokens) error {
	s, a := k.source, k.account
	s.mu.Lock()
	if a.keeper != k {
		s.mu.Unlock()
		return errStopped
	}
	if covers == wake.Inbox && a.wantsNotify() { // somebody came who waits on more
		s.mu.Unlock()
		return &fault{trouble: changing}
	}
	k.stood, a.covers = time.Now(), covers
	s.counts.logins.WithLabelValues("ok").Inc()
	missed := now.since(&a.tokens) & covers
	a.tokens = now
	a.become(state)
	s.mu.Unlock()
	if missed != 0 {
		a.tell(missed, true)
	}
	a.tell(^wake.Classes(0), false)
	return nil
}

// heard tells of changes. Every one counts as life of the account, for its place.
func (k *keeper) heard(classes wake.Classes) {
	k.source.mu.Lock()
	k.account.wokenAt = time.Now()
	k.source.mu.Unlock()
	k.source.counts.changes.Inc()
	k.account.tell(classes, true)
}

// await reads what comes unasked, until it is time to say something to the server.
// A burst of lines, from somebody who marks a thousand mails, is told once.
func (k *keeper) await(c *client, renewal time.Duration, news func(response) (wake.Classes, error)) error {
	renew := time.Now().Add(sooner(renewal))
	for {
		until := time.Now().Add(sooner(k.source.cfg.Quiet))
		if renew.Before(until) {
			until = renew
		}
		if some, err := k.burst(c, until, news); err != nil || !some {
			return err
		}
	}
}

// burst reads what has come at one time. some is false when it is time to speak.
func (k *keeper) burst(c *client, until time.Time, news func(response) (wake.Classes, error)) (some bool, err error) {
	var classes wake.Classes
	defer func() {
		if classes != 0 {
			k.heard(classes)
		}
	}()
	for {
		r, some, err := c.next(until)
		if err != nil || !some {
			return some, err
		}
		if r.kind == "BYE" {
			return true, &fault{trouble: closed, what: "the server has said goodbye"}
		}
		class, err := news(r)
		classes |= class
		if err != nil || c.in.Buffered() == 0 {
			return true, err
		}
	}
}

// sooner is up to a tenth less, so that a thousand connections that were made at
// one time do not speak at one time for ever.
func sooner(d time.Duration) time.Duration { return d - rand.N(d/10) }
