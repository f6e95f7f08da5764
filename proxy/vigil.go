package proxy

import (
	"net/http"
	"sync"
	"time"

	"github.com/diastole/diastole/proxy/hold"
	"github.com/diastole/diastole/proxy/upstream"
)

// vigil is how an exchange lasts without anything at the server: somebody listens for
// changes of the mailbox, and the server is asked only when one may have happened
// (design: holding at the edge). It listens first and asks then, so that nothing falls
// between the two.
type vigil struct {
	x *exchange

	mu       sync.Mutex
	mailbox  *Mailbox  // until it is listened to; nil: nobody tells of it
	watching *Watching // nil: nobody listens
	until    time.Time // the youngest of its waits ends
	timer    *time.Timer
	place    *hold.Place // of the question that is on, or queues
	asking   bool
	sent     bool      // and the question has gone up
	turn     int       // of the question that is on, or was last
	reason   string    // of the question that is on, or armed: begin, wake, poll or safety
	again    bool      // something may have happened since that question was asked
	told     bool      // somebody has said so since the last answer
	asked    time.Time // when the last one was answered
	looked   time.Time // when the server last had a Ping of this wait, or would have had its own
	over     bool
}

// vigil prepares one for a wait; nil leaves the wait to the server.
func (p *Proxy) vigil(r *http.Request, x *exchange, held *wait) *vigil {
	if !p.settings.Load().Hold.Edge || !held.tracked || held.form == "unread" || held.interval <= 0 ||
		// What its device said last is nothing that a stranger may find out.
		!held.met && !held.said ||
		x.pin != nil || x.streams != nil || len(x.request.Trailer) > 0 {
		return nil
	}
	folders := p.waitedOn(&held.ask)
	if _, ok := p.inquire(&held.ask, folders, false); !ok {
		return nil
	}
	v := &vigil{x: x, until: held.ends(), looked: held.began}
	if p.config.Watch != nil {
		v.mailbox = p.mailbox(r, held.device, folders)
	}
	return v
}

// ends is when a wait that is held here has its answer.
func (w *wait) ends() time.Time { return w.began.Add(min(w.interval, w.goes)) }

// lasts takes in a younger wait.
func (v *vigil) lasts(until time.Time) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.until = until
}

// begin listens, and then asks. With credentials that the server has not accepted yet
// it asks first, and once more when it listens: a stranger's guesses are not tried on
// the mail store as well.
func (v *vigil) begin() {
	if v.x.first.met && v.listen() && v.awaitsEars() {
		return
	}
	v.ask("begin")
}

// prelude is how long the first question waits for who is to listen: an IMAP connection
// has to be made, and what changes before it stands is told of as "something may have".
// Asked at once, SOGo would be asked twice by each wait, for five seconds each.
const prelude = 500 * time.Millisecond

// awaitsEars puts the first question off until somebody listens; false where somebody
// does, or nobody is about to: all folders are covered by no source of mail alone, and
// each wait would begin half a second late for nothing.
func (v *vigil) awaitsEars() bool {
	v.mu.Lock()
	watching := v.watching
	v.mu.Unlock()
	if watching == nil || !watching.isComing() {
		return false
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if !v.over && !v.asking && v.asked.IsZero() {
		v.arm(prelude, "begin")
	}
	return true
}

// listen begins to listen; false: there is nobody to listen to, or it was done.
func (v *vigil) listen() bool {
	v.mu.Lock()
	mailbox := v.mailbox
	v.mailbox = nil // the password is not kept for longer than it is needed
	v.mu.Unlock()
	if mailbox == nil {
		return false
	}
	watching := v.x.proxy.config.Watch(*mailbox, v.heard)
	v.mu.Lock()
	over := v.over
	if !over {
		v.watching = &watching
	}
	v.mu.Unlock()
	if over { // given up in the moment between
		watching.Leave()
	}
	return true
}

// stop ends it. It may be called with the exchange's mutex held, and again.
func (v *vigil) stop() {
	v.mu.Lock()
	first := !v.over
	v.over, v.mailbox = true, nil
	if v.timer != nil {
		v.timer.Stop()
	}
	if v.place != nil {
		v.place.Leave()
	}
	watching := v.watching
	v.mu.Unlock()
	if first && watching != nil {
		watching.Leave()
	}
}

// missed tells who listens that a change was found of which nobody had told.
func (v *vigil) missed() {
	v.mu.Lock()
	watching, untold := v.watching, v.reason != "begin" && !v.told
	v.mu.Unlock()
	if watching != nil && untold {
		watching.Missed()
	}
}

// isHeldHere tells whether the server has nothing of it.
func (x *exchange) isHeldHere() bool {
	if x.vigil == nil {
		return false
	}
	x.vigil.mu.Lock()
	defer x.vigil.mu.Unlock()
	return !x.vigil.over
}

// packed is the device's own request, to be sent or to be copied from.
func (x *exchange) packed() *upstream.Request {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.request
}
