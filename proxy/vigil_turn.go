package proxy

import (
	"math/rand/v2"
	"time"
)

// lull is how long the words about one change may take to come: a mail makes several.
const lull = 250 * time.Millisecond

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
	case v.asked.IsZero(): // the first question will see it, and may wait for the other ears: see prelude
		watching := v.watching
		v.mu.Unlock()
		if watching != nil && !watching.isComing() {
			v.ask("begin")
		}
		return
	default:
		v.mu.Unlock()
		v.ask("wake")
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
