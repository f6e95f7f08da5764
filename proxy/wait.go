package proxy

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"time"

	"github.com/diastole/diastole/proxy/upstream"
	"github.com/diastole/diastole/proxy/watch"
	"github.com/diastole/diastole/wbxml/eas"
)

// wait is one waiting request while it is held.
type wait struct {
	ask
	given
	began time.Time
	end   context.CancelCauseFunc // ends the hold early, with the cause
}

// serveWait is the way of one wait: envelope -> ask -> policy decision -> heartbeat
// advice -> hold -> outcome -> observe -> answer. A Sync that does not ask to be
// held leaves it after the ask.
func (p *Proxy) serveWait(w http.ResponseWriter, r *http.Request, query eas.Envelope, decided decision) {
	request, body, whole, err := p.waitRequest(w, r)
	if err != nil {
		p.refuseBody(w, err)
		return
	}
	asked := p.read(r, query, body, whole)
	if !asked.waits {
		p.passSync(w, r, request, asked)
		return
	}
	// A POST is never sent twice, except a Ping: it changes nothing.
	request.Repeatable = asked.kind == kindPing

	held := p.give(time.Now(), asked, decided)
	p.learnAsked(held)
	if held.clamped && !p.clamp(request, body, held) {
		p.refuseInterval(w, r, held)
		return
	}
	ctx, ok := p.held.add(r.Context(), held)
	if !ok {
		p.refuseDraining(w)
		return
	}
	defer p.held.remove(held)
	p.begin(r, held)
	answer, err := p.hold(r.WithContext(ctx), request)
	if answer != nil {
		p.held.answered(held)
	}
	end := p.ending(ctx, r, held, answer, err)
	p.observe(r, held, end)
	written := p.watchDelivery(r, held, end)
	p.reply(ctx, w, r, held, answer, err)
	written()
}

// heldAnswer is a wait's answer with as much of its body as is needed to
// understand it.
type heldAnswer struct {
	*upstream.Response
	body  []byte // its first 64 KiB
	whole bool   // body is all of it
}

// hold sends the wait up and returns when its answer has come. The body of an
// ActiveSync document is read before a byte goes to the phone: a server that dies
// in the middle of a Ping's 13 bytes can then still be covered by a Status 1. Any
// other answer passes as it comes: a 401 that was cut is still a 401.
func (p *Proxy) hold(r *http.Request, request *upstream.Request) (*heldAnswer, error) {
	answer, err := p.do(r, request)
	if err != nil {
		return nil, err
	}
	held := &heldAnswer{Response: answer}
	if !isSyncDocument(answer) {
		return held, nil
	}
	held.body, held.whole, err = readUpTo(answer.Body, wholeBody)
	if err != nil {
		answer.Close()
		return nil, err
	}
	return held, nil
}

// reply answers the phone: in the server's own words where there are any.
func (p *Proxy) reply(ctx context.Context, w http.ResponseWriter, r *http.Request, held *wait, answer *heldAnswer, err error) {
	switch {
	case answer != nil:
		p.replyAsSaid(w, r, held, answer)
	case isDraining(ctx):
		p.answerDrained(w, held)
	case brokeOff(r, held, err):
		p.answerBrokenOff(ctx, w, held, err)
	default:
		p.fault(w, r, held.kind, err)
	}
}

// replyAsSaid passes the server's answer on, byte for byte.
func (p *Proxy) replyAsSaid(w http.ResponseWriter, r *http.Request, held *wait, answer *heldAnswer) {
	defer answer.Close()
	answer.Body = io.MultiReader(bytes.NewReader(answer.body), answer.Body)
	if held.kind == kindSync && !answer.whole && isSyncDocument(answer.Response) {
		// Items, more of them than was read to understand the wait: the new sync
		// keys are still to come.
		down := watch.ReadAlong(answer.Body, answer.Get("Content-Encoding"))
		answer.Body = down
		defer p.synced(held.ask, down)
	}
	p.answer(w, r, answer.Response)
}
