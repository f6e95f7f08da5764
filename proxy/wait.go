package proxy

import (
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/diastole/diastole/proxy/hold"
	"github.com/diastole/diastole/wbxml/eas"
)

// wait is one waiting request of a phone while it is held.
type wait struct {
	ask
	given
	began  time.Time
	client *clientConn
	from   netip.AddrPort // the phone, as its connection or the PROXY header has it
	http2  bool

	attempt *attempt // to sign in; nil: nobody wants to know

	mu    sync.Mutex
	seat  seat
	timer *time.Timer // its limit; then, when its answer is due
	over  bool        // it has its answer, or its phone has gone
	seen  bool        // its outcome is counted
}

// serveWait is the way of one wait: envelope -> ask -> policy decision -> heartbeat
// advice -> hold, and from there on answered or release -> outcome -> observe ->
// answer. A Sync that does not ask to be held leaves it after the ask.
func (p *Proxy) serveWait(w http.ResponseWriter, r *http.Request, query eas.Envelope, decided decision) {
	request, body, whole, err := p.waitRequest(w, r)
	if err != nil {
		p.refuseBody(w, err)
		return
	}
	asked := p.read(r, query, body, whole)
	if answer, _ := p.inFull(&asked); answer != nil && !asked.waits {
		ownDocument(answer).writeTo(w)
		return
	}
	if !asked.waits {
		p.passSync(w, r, request, asked, query.PolicyKey)
		return
	}
	// A POST is never sent twice, except a Ping: it changes nothing.
	request.Repeatable = asked.kind == kindPing

	held := p.give(time.Now(), asked, decided)
	p.comesFrom(r, held)
	p.learnAsked(held)
	if answer, status := p.inFull(&held.ask); answer != nil {
		p.answerHere(w, r, held, answer, status)
		return
	}
	body = p.writeOut(request, &held.ask, body)
	if held.clamped && !p.clamp(request, body, held) {
		p.refuseInterval(w, r, held)
		return
	}
	up, err := p.exchange(r, request, body, held)
	if err != nil {
		p.begin(w, r, held)
		p.observe(held, p.ending(held, nil, err, false))
		p.waitFault(held, err).writeTo(w)
		return
	}
	handler := p.seat(w, r, up)
	held.seat = handler // before a drain can see it
	if !held.client.entrance.admit(held) {
		p.refuseDraining(w)
		return
	}
	p.begin(w, r, held)
	p.limit(held, up)
	p.join(held, up)
	handler.stay()
}

// comesFrom notes who asks, while the request is there.
func (p *Proxy) comesFrom(r *http.Request, held *wait) {
	held.client, held.http2 = p.clientOf(r), r.ProtoMajor == 2
	held.from, _ = netip.ParseAddrPort(r.RemoteAddr)
	held.attempt = p.attemptOf(r)
}

// claim is what hold has to know of a wait.
func (w *wait) claim() hold.Claim {
	return hold.Claim{
		Address:     w.from.Addr().Unmap(),
		Credentials: w.credentials,
		Question:    w.question,
		Accepted:    w.met,
		Once:        w.kind == kindSync,
		Returned:    w.met && w.client.displaced.Swap(false),
	}
}

// finish ends the waiting; only the first who calls it may answer.
func (p *Proxy) finish(held *wait) (first bool) {
	held.mu.Lock()
	first = !held.over
	held.over = true
	if held.timer != nil {
		held.timer.Stop()
	}
	held.mu.Unlock()
	if first {
		held.client.entrance.remove(held)
	}
	return first
}

func (w *wait) isOver() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.over
}

// grace is how long after its interval a wait may still get its server's answer,
// which is on its way then: SOGo comes a hundredth too late, and a phone that is
// answered before it by us would ask a second worker. Phones allow for more (AOSP: 5 s).
const grace = time.Second

// overdue is how long a server may keep a wait longer than it was asked to, where the
// phone has asked for more: SOGo comes a hundredth too late.
const overdue = 10 * time.Second

// limit sees to it that no phone is answered later than it asked: a server that is
// overloaded, or out of workers, says nothing at all. One whose network would not
// live that long is answered soon after the server should have.
func (p *Proxy) limit(held *wait, up *exchange) {
	// What its device said last is nothing that a stranger may find out by asking less.
	if held.interval <= 0 || !held.met && !held.said {
		return
	}
	due := held.interval
	if held.clamped {
		due = min(due, held.goes+overdue)
	}
	if up.vigil != nil {
		p.endInTime(held)
		return
	}
	p.at(held, p.left(held, due)+grace, func() {
		if p.config.Clock.Theirs(up.sentFor()) >= held.goes { // otherwise it stood in a queue
			p.config.Metrics.overdue.WithLabelValues(held.kind).Inc()
		}
		p.release(held, byLimit)
	})
}

// endInTime ends a wait that is held here when its interval is over.
func (p *Proxy) endInTime(held *wait) {
	p.at(held, time.Until(held.ends()), func() { p.release(held, byLimit) })
}

// lasted is how long a wait has been held, as its device counts.
func (p *Proxy) lasted(held *wait) time.Duration {
	return p.config.Clock.Theirs(time.Since(held.began))
}

// left is when a wait will have been held for so long.
func (p *Proxy) left(held *wait, due time.Duration) time.Duration {
	return p.config.Clock.Ours(due) - time.Since(held.began)
}

// at has then done in a while, instead of what was to be done before.
func (p *Proxy) at(held *wait, in time.Duration, then func()) {
	held.mu.Lock()
	defer held.mu.Unlock()
	if held.over {
		return
	}
	if held.timer != nil {
		held.timer.Stop()
	}
	held.timer = time.AfterFunc(in, then)
}
