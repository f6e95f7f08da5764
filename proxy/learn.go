package proxy

import (
	"net/http"
	"time"

	"github.com/diastole/diastole/heartbeat"
	"github.com/diastole/diastole/policy"
	"github.com/diastole/diastole/proxy/proof"
	"github.com/diastole/diastole/proxy/watch"
	"github.com/diastole/diastole/wbxml/eas"
)

// Record is a wait that is over, for whoever keeps such records. It comes a second
// time, with the same Key and When, if it becomes known whether the answer arrived.
type Record struct {
	Key       heartbeat.Key
	When      time.Time
	Kind      string // ping, sync
	Wait      heartbeat.Wait
	Rule      string // that decided the interval
	Status    string
	UserAgent string
}

// followed tells whether a wait says anything about its device, which must be known
// by name and ask by number.
func (w *wait) followed() bool { return w.tracked && w.interval > 0 }

// learnAsked takes in that a device asks: what it asks now may tell that its last
// wait died on the way. One that the server has never accepted is nobody yet:
// invented names would push the real devices out of the table.
func (p *Proxy) learnAsked(held *wait) {
	if held.followed() && held.met {
		p.asked(held)
	}
}

func (p *Proxy) asked(held *wait) {
	began := p.config.Clock.At(held.began)
	p.config.Networks.Asked(began, held.network, held.interval)
	e, ok := p.config.Devices.Asked(held.key(), began, held.network, held.interval)
	p.teach(held, e, ok)
}

// learnEnded takes in how a wait ended.
func (p *Proxy) learnEnded(held *wait, e ending) {
	if !held.met && !e.accepted() {
		return
	}
	if held.followed() {
		if !held.met {
			p.asked(held)
		}
		evidence, ok := p.config.Devices.Ended(held.key(), p.config.Clock.Now(), held.asSeen(e, heartbeat.Unknown))
		p.teach(held, evidence, ok)
	}
	p.record(held, e, heartbeat.Unknown)
}

// accepted tells whether the server has taken the device's credentials: it has
// answered its wait.
func (e *ending) accepted() bool {
	return e.code == http.StatusOK && (e.outcome == heartbeat.Expired || e.outcome == heartbeat.Changed || e.outcome == heartbeat.Early)
}

// asSeen is the wait as heartbeat sees it when it has ended.
func (w *wait) asSeen(e ending, proof heartbeat.Proof) heartbeat.Wait {
	return heartbeat.Wait{
		Network: w.network, Asked: w.interval, Given: w.goes,
		Held: e.held, Outcome: e.outcome, Proof: proof,
	}
}

func (p *Proxy) record(held *wait, e ending, proof heartbeat.Proof) {
	if p.config.Record != nil && held.tracked {
		p.config.Record(Record{
			Key: held.key(), When: p.config.Clock.At(held.began).Add(e.held), Kind: held.kind,
			Wait: held.asSeen(e, proof), Rule: held.Rule, Status: e.status,
		})
	}
}

// teach takes evidence about a network, if the operator wants anything learned.
func (p *Proxy) teach(held *wait, e heartbeat.Evidence, ok bool) {
	if ok && held.Learn != policy.LearnOff {
		p.config.Networks.Observe(p.config.Clock.Now(), held.network, e)
	}
}

// shortestProof is the silence below which nobody asks whether an answer arrived:
// no box on the way forgets a connection so fast.
const shortestProof = time.Second

// watchDelivery finds out whether the answer that is about to be written to the
// phone arrives there: a box that has forgotten the connection says nothing.
// written is to be called when the answer is out.
func (p *Proxy) watchDelivery(held *wait, e ending) (written func()) {
	if e.held < shortestProof || e.gone || !held.met && !e.accepted() {
		return func() {} // a stranger proves nothing
	}
	client, conn := held.client, held.client.socket()
	answer := proof.Answer{
		Conn: conn, Before: proof.Before(conn), Held: p.config.Clock.Ours(e.held),
		Device: held.from, Shared: held.http2,
	}
	if held.tracked {
		answer.Who = held.key()
	}
	// Whether a kernel or only the device will tell.
	untold := answer.Blind() && !answer.Shared
	return func() {
		id := p.proofs.Watch(answer, time.Now(), func(found heartbeat.Proof) {
			p.proved(held, e, found)
			if untold && found == heartbeat.Unknown {
				p.unproven(held, e)
			}
		})
		client.proof.Store(uint64(id))
	}
}

// proved takes in what became of an answer.
func (p *Proxy) proved(held *wait, e ending, found heartbeat.Proof) {
	p.config.Metrics.delivery.WithLabelValues(held.kind, found.String()).Inc()
	p.logDelivery(held, e, found)
	if held.followed() {
		evidence, ok := p.config.Devices.Proved(held.key(), e.held, found)
		p.teach(held, evidence, ok)
	}
	if found != heartbeat.Unknown {
		p.record(held, e, found)
	}
}

// unproven takes in that nobody but the device can tell whether its answer arrived:
// it does so by what it asks next.
func (p *Proxy) unproven(held *wait, e ending) {
	if held.followed() {
		evidence, ok := p.config.Devices.Unproven(held.key(), e.held)
		p.teach(held, evidence, ok)
	}
}

// heard takes in that a device has sent a request: on the same connection it has
// read its last answer, on another one it lives at least.
func (p *Proxy) heard(r *http.Request, query eas.Envelope) {
	if id := clientOf(r).proof.Swap(0); id != 0 {
		p.proofs.Confirm(proof.ID(id))
	}
	if d, tracked := device(r, query); tracked && p.memory.Accepted(d, watch.Credentials(p.credentials(r))) {
		p.proofs.Heard(heartbeat.Key{Principal: d.Principal, Device: d.ID, Type: d.Type})
	}
}
