package proxy

import (
	"net/http"
	"strings"
	"time"

	"github.com/diastole/diastole/heartbeat"
	"github.com/diastole/diastole/wbxml/eas"
)

// Event is what becomes of a wait, for whoever watches as it happens. Names in it are
// as the device claims them.
type Event struct {
	What    EventKind
	When    time.Time
	Key     heartbeat.Key
	Kind    string // ping, sync; "" of a request that was denied
	Network heartbeat.Network
	Rule    string // that decided

	Asked   time.Duration // 0: not known
	Given   time.Duration
	Would   time.Duration // if all that is only observed were enforced
	Advice  time.Duration // what was learned; 0: nothing to say
	Held    time.Duration // of one that ends
	Outcome heartbeat.Outcome
}

// EventKind says what has happened.
type EventKind uint8

// Each wait begins once and ends once; a request that is denied does neither.
const (
	WaitBegins EventKind = iota
	WaitEnds
	Denied
)

func (p *Proxy) show(what EventKind, held *wait) {
	if p.config.Witness != nil {
		p.config.Witness(held.event(what, p.config.Clock.Now()))
	}
}

func (w *wait) event(what EventKind, now time.Time) Event {
	return Event{
		What: what, When: now, Key: w.key(), Kind: w.kind, Network: w.network, Rule: w.Rule,
		Asked: w.interval, Given: w.goes, Would: w.would, Advice: w.advice,
	}
}

func (p *Proxy) showEnded(held *wait, e ending) {
	if p.config.Witness != nil {
		event := held.event(WaitEnds, p.config.Clock.Now())
		event.Held, event.Outcome = e.held, e.outcome
		p.config.Witness(event)
	}
}

func (p *Proxy) showDenied(r *http.Request, query eas.Envelope, d decision) {
	if p.config.Witness != nil {
		who := heartbeat.Key{Principal: principal(r), Device: strings.Clone(query.DeviceKey()), Type: strings.Clone(query.DeviceType)}
		p.config.Witness(Event{What: Denied, When: p.config.Clock.Now(), Key: who, Network: d.network, Rule: d.Rule})
	}
}

// Load is what the upstream has of us at this moment.
type Load struct {
	Waits        int // at the upstream, those among them that nobody waits for any more
	WaitsQueued  int // held, and yet to go up
	Checks       int // questions whether something has changed
	ChecksQueued int
	Lingering    int // of Waits: nobody waits for them any more
}

// Load says what the upstream has of us.
func (p *Proxy) Load() (l Load) {
	l.Waits, l.WaitsQueued = p.queue.Len()
	l.Checks, l.ChecksQueued = p.checks.Len()
	p.mu.Lock()
	defer p.mu.Unlock()
	l.Lingering = len(p.lingering)
	return l
}
