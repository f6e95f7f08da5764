package proxy

import (
	"math/rand/v2"
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
	x       *exchange
	mailbox *Mailbox // until it is listened to; nil: nobody tells of it

	mu       sync.Mutex
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

// lull is how long the words about one change may take to come: a mail makes several.
const lull = 250 * time.Millisecond

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
// does.
func (v *vigil) awaitsEars() bool {
	v.mu.Lock()
	watching := v.watching
	v.mu.Unlock()
	if watching == nil || watching.Covered() {
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
	if v.mailbox == nil {
		return false
	}
	watching := v.x.proxy.config.Watch(*v.mailbox, v.heard)
	v.mailbox = nil // the password is not kept for longer than it is needed
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

// heard is told of changes, and that more or less is told of them from now on.
func (v *vigil) heard(changed bool) {
	if !changed {
		v.rearm()
		return
	}
	v.mu.Lock()
	v.told = true
	wait := lull - time.Since(v.asked)
	switch {
	case v.over:
	case v.asking && v.sent:
		v.again = true
	case v.asking && v.reason == "wake": // it will see it
	case v.asking: // it will see it too, but should not wait for those that only look
		v.place.Leave()
		v.enter("wake")
	case wait > 0:
		v.arm(wait, "wake")
	default:
		reason := "wake"
		if v.asked.IsZero() {
			reason = "begin"
		}
		v.mu.Unlock()
		v.ask(reason)
		return
	}
	v.mu.Unlock()
}

// ask asks the server as soon as it is this wait's turn.
func (v *vigil) ask(reason string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.over || v.asking {
		v.again = v.again || !v.over
		return
	}
	if v.timer != nil {
		v.timer.Stop()
	}
	v.enter(reason)
}

// enter queues for a turn to ask. It is called with v.mu held.
func (v *vigil) enter(reason string) {
	v.asking, v.sent, v.again, v.reason = true, false, false, reason
	v.turn++
	turn, enter := v.turn, v.x.proxy.checks.Enter
	if reason == "wake" { // somebody has news, the others only look
		enter = v.x.proxy.checks.Hurry
	}
	v.place = enter(v.x.first.owner(), func() { go v.check(turn) })
}

// goes tells whether a question may go up now: nothing has come in its place.
func (v *vigil) goes(turn int) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.over || v.sent || v.turn != turn {
		return false
	}
	v.sent = true
	return true
}

// answered is the end of a question that found nothing; the next one follows in its
// time.
func (v *vigil) answered() {
	in, reason := v.next()
	v.mu.Lock()
	defer v.mu.Unlock()
	v.asking, v.asked, v.told = false, time.Now(), v.again && v.told
	v.place.Leave()
	switch {
	case v.over:
	case v.again:
		v.arm(lull, "wake")
	default:
		v.arm(in, reason)
	}
}

// looks tells whether the question that is on is to be a Ping. An estimate knows
// nothing of new folders, and on some servers nothing of policies (Z-Push): by Pings
// alone a device would hear of them (design: the server's own answer).
func (v *vigil) looks() bool {
	h := v.x.proxy.settings.Load().Hold
	v.mu.Lock()
	defer v.mu.Unlock()
	return h.Check == byPing || v.reason == "safety" || time.Since(v.looked) >= h.Safety
}

// hasLooked notes when the server has answered a Ping.
func (v *vigil) hasLooked(at time.Time) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.looked = at
}

// rearm sets the time of the next question anew.
func (v *vigil) rearm() {
	in, reason := v.next()
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.over || v.asking || v.asked.IsZero() || v.reason == "wake" {
		return // it is due anyway
	}
	v.arm(max(in-time.Since(v.asked), 0), reason)
}

// next is when the server is asked although nobody has told of a change. The last tenth
// is drawn, so that those who began together do not ask together for ever.
func (v *vigil) next() (in time.Duration, reason string) {
	v.mu.Lock()
	watching := v.watching
	v.mu.Unlock()
	h := v.x.proxy.settings.Load().Hold
	in, reason = h.Poll, "poll"
	if watching != nil && watching.Covered() {
		in, reason = h.Safety, "safety"
	}
	return in - rand.N(max(in/10, 1)), reason
}

// arm is called with v.mu held.
func (v *vigil) arm(in time.Duration, reason string) {
	if v.timer != nil {
		v.timer.Stop()
	}
	v.reason = reason
	v.timer = time.AfterFunc(in, func() { v.ask(reason) })
}

// stop ends it. It may be called with the exchange's mutex held, and again.
func (v *vigil) stop() {
	v.mu.Lock()
	first := !v.over
	v.over = true
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

// onceMore asks again when this question is answered.
func (v *vigil) onceMore() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.again = true
}

// firstAnswer tells whether no question was answered yet.
func (v *vigil) firstAnswer() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.asked.IsZero()
}

// packed is the device's own request, to be sent or to be copied from.
func (x *exchange) packed() *upstream.Request {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.request
}
