package proxy

import (
	"time"

	"github.com/diastole/diastole/heartbeat"
	"github.com/diastole/diastole/proxy/hold"
	"github.com/diastole/diastole/proxy/watch"
)

// holder is whose waits belong together: a device, or a wait that is held alone,
// because nobody can be named for it or it was not understood.
type holder struct {
	watch.Device
	alone *wait
}

func (w *wait) holder() holder {
	if !w.tracked || w.form == "unread" {
		return holder{alone: w}
	}
	return holder{Device: w.device}
}

type verdict = hold.Verdict[*wait, *exchange]

// join brings a wait to the server, or to the wait that the server already has from
// this device.
func (p *Proxy) join(held *wait, up *exchange) {
	v := p.holds.Join(time.Now(), held.holder(), held.claim(), held, up)
	if v.Fresh {
		up.enter()
	} else {
		p.config.Metrics.coalesced.WithLabelValues(held.kind).Inc()
		up.forget()
		if v.Up.vigil != nil {
			v.Up.vigil.lasts(held.ends())
			p.endInTime(held) // nobody else will: no answer is on its way
		}
	}
	if held.met && held.tracked && !v.Alone {
		p.holdsHere(held.device, false)
	}
	p.act(held.holder(), v)
	if held.isOver() { // released in the moment between, when there was nothing to take it from
		p.detach(held, false)
	}
}

// act does what the Register has decided.
func (p *Proxy) act(key holder, v verdict) {
	if !v.Settles.IsZero() {
		time.AfterFunc(time.Until(v.Settles), func() { p.act(key, p.holds.Settle(time.Now(), key)) })
	}
	for _, up := range v.Cancelled {
		up.cancel()
	}
	for _, held := range v.Displaced {
		p.release(held, byYounger)
	}
	for _, held := range v.Silent {
		p.observe(held, ending{outcome: heartbeat.Silent, held: p.lasted(held), status: "none"})
	}
}

// leave is the end of a wait whose phone has gone; false: its answer came first.
func (p *Proxy) leave(held *wait, how heartbeat.Cause) bool {
	if !p.finish(held) {
		return false
	}
	p.observe(held, p.broken(held, how))
	p.detach(held, true)
	return true
}

// detach takes a wait from what it waits for at the server. That is kept for a while
// where the server would not notice its end anyway, for the phone's next wait. asked
// tells for how long the server has been asked, 0: not at all.
func (p *Proxy) detach(held *wait, keep bool) (asked time.Duration) {
	up, lingers := p.holds.Leave(held.holder(), held)
	if up == nil {
		return max(time.Since(held.began), 1) // it has ended
	}
	asked = up.sentFor()
	// What is held here costs the server nothing, and the phone comes back with the same.
	keep = keep || up.isHeldHere() && p.settings.Load().Hold.Edge && !p.leaving.Load()
	linger := p.settings.Load().Hold.Linger
	switch {
	case !lingers:
	case keep && asked > 0 && linger > 0 && held.holder().alone == nil:
		up.lingerFor(linger)
	default:
		p.expire(up)
	}
	return asked
}

// expire gives up what nobody waits for any more.
func (p *Proxy) expire(up *exchange) {
	if p.holds.Expire(up.first.holder(), up) {
		up.cancel()
	}
}
