package imap

import (
	"errors"
	"math/rand/v2"
	"net"
	"os"
	"time"

	"github.com/diastole/diastole/internal/wake"
)

// keeper is the one goroutine that keeps an account's connection: it dials, logs in,
// listens, and begins again. conn, because and stood are guarded by the source's mu.
type keeper struct {
	source  *Source
	account *account
	done    lifetime

	conn    net.Conn  // below TLS: closing it never waits for the other side
	because trouble   // why we have cut the connection ourselves; 0: we have not
	stood   time.Time // since when the connection was good for listening; zero: it never was
}

var errStopped = errors.New("imap: nobody waits any more")

// keep starts a keeper. mu is held.
func (a *account) keep() {
	k := &keeper{source: a.source, account: a, done: make(lifetime)}
	a.keeper = k
	a.become("connecting")
	a.source.running.Add(1)
	go k.run()
}

// stop ends the account's keeper, wherever it is. mu is held.
func (a *account) stop() {
	k := a.keeper
	a.keeper = nil
	if k != nil {
		close(k.done)
		k.cut(0)
	}
	a.release()
}

// cut closes the connection under a keeper that goes on. mu is held.
func (k *keeper) cut(because trouble) {
	if k.conn != nil {
		k.because = because
		k.conn.Close()
	}
}

// hold lets others cut the connection; false if the keeper was stopped before.
func (k *keeper) hold(conn net.Conn) bool {
	k.source.mu.Lock()
	defer k.source.mu.Unlock()
	if k.account.keeper != k {
		return false
	}
	k.conn, k.because, k.stood = conn, 0, time.Time{}
	return true
}

// run connects again and again until nobody waits, or it makes no sense.
func (k *keeper) run() {
	defer k.source.running.Done()
	for failures := 0; ; failures++ {
		err := k.attend()
		t, on := k.ended(err)
		if !on {
			return
		}
		k.source.report.tell(t, err)
		if t == changing || !k.stood.IsZero() && time.Since(k.stood) >= steady {
			failures = 0
		}
		if !k.pause(t, failures) {
			return
		}
	}
}

// steady is how long a connection must have lived to count as a success.
const steady = time.Minute

// attend is one connection from its beginning to its end.
func (k *keeper) attend() error {
	c, err := k.open()
	if err != nil {
		return err
	}
	if !k.claim() {
		return &fault{trouble: capped}
	}
	k.source.report.health.Up()
	return k.listen(c)
}

func (k *keeper) claim() bool {
	k.source.mu.Lock()
	defer k.source.mu.Unlock()
	return k.account.keeper == k && k.source.claim(k.account)
}

// credentials are what to log in with, unless nobody waits any more, or all places
// were taken while this keeper waited for its turn.
func (k *keeper) credentials() (credentials, error) {
	k.source.mu.Lock()
	defer k.source.mu.Unlock()
	a := k.account
	if a.keeper != k || len(a.watchers) == 0 {
		return credentials{}, errStopped
	}
	if !a.holds && !k.source.room() {
		return credentials{}, &fault{trouble: capped}
	}
	a.become("connecting")
	return a.login, nil
}

// ended puts the account into the state that a connection's end leaves it in, and
// says whether the keeper goes on.
func (k *keeper) ended(err error) (t trouble, on bool) {
	s, a := k.source, k.account
	s.mu.Lock()
	if k.conn != nil {
		k.conn.Close()
		k.conn = nil
	}
	if a.keeper != k {
		s.mu.Unlock()
		return 0, false
	}
	t = k.why(err)
	on = k.settle(t)
	covered := a.covers
	a.covers = 0
	s.mu.Unlock()
	if covered != 0 {
		a.tell(^wake.Classes(0), false)
	}
	return t, on
}

// why names the end of the connection, and counts it.
func (k *keeper) why(err error) trouble {
	m := k.source.counts
	switch {
	case errors.Is(err, errStopped):
		return 0
	case k.because == capped:
		return capped
	case k.because != 0:
		m.reconnect(k.because)
		return k.because
	case k.stood.IsZero():
		t := kind(err, unreachable)
		if t.ofLogin() {
			m.logins.WithLabelValues(t.String()).Inc()
		}
		return t
	case errors.Is(err, os.ErrDeadlineExceeded):
		m.reconnect(hung)
		return hung
	}
	t := kind(err, closed)
	m.reconnect(t)
	return t
}

// settle decides whether to connect again. Nobody's password is kept for an
// account on which nobody waits, so there it ends.
func (k *keeper) settle(t trouble) (on bool) {
	a := k.account
	switch {
	case t == refused:
		a.keeper, a.refusedAt = nil, time.Now()
		a.become("refused")
		a.release()
		if a.source.cfg.Master.User != "" {
			a.source.report.master()
		}
	case len(a.watchers) == 0:
		a.forget()
	case t == capped:
		a.keeper = nil
		a.release()
		a.setOutside(true)
		a.become("capped")
		a.source.report.tell(t, nil)
	case t == 0:
		// All had left for a moment, and somebody came back since.
		return true
	default:
		a.become("waiting")
		return true
	}
	return false
}

// pause waits before the next attempt, the longer the more have failed, and never
// as long as the others, who all lost their connections with ours.
func (k *keeper) pause(t trouble, failures int) bool {
	if t == changing || t == 0 {
		return true
	}
	shortest, longest := t.pause()
	wait := min(shortest<<min(failures, 10), longest)
	timer := time.NewTimer(wait/2 + rand.N(wait))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-k.done:
		return false
	}
}
