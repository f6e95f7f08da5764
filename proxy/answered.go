package proxy

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/diastole/diastole/proxy/hold"
	"github.com/diastole/diastole/proxy/upstream"
	"github.com/diastole/diastole/proxy/watch"
)

// heldAnswer is a wait's answer with as much of its body as is needed to
// understand it.
type heldAnswer struct {
	*upstream.Response
	body  []byte // its first 64 KiB
	whole bool   // body is all of it
	cut   func(cause error)
}

// answered is the second half of a wait's way: outcome -> observe -> answer, when
// the server has answered or cannot. The phone that asked last gets the answer; one
// that asked the same before, from elsewhere, gets it too if it still listens.
func (p *Proxy) answered(x *exchange, answer *heldAnswer, err error) {
	younger := p.holds.Younger(x.first.holder(), x)
	waits := p.holds.End(x.first.holder(), x)
	x.done()
	if len(waits) == 0 {
		if answer != nil {
			answer.Close()
		}
		return
	}
	newest := len(waits) - 1
	if newest > 0 && answer != nil {
		answer.gather()
	}
	for _, older := range waits[:newest] {
		p.observe(older, p.ending(older, answer, err, younger))
		p.echo(older, answer, err)
	}
	p.conclude(x, waits[newest], answer, err, younger)
	if x.ours {
		p.memory.OwnPing(x.first.device)
		p.memory.OwnSync(x.first.device)
	}
}

// gather reads an answer that more than one gets: a refusal is for all of them.
func (a *heldAnswer) gather() {
	if !a.whole && a.body == nil && a.Length <= wholeBody {
		a.body, a.whole, _ = readUpTo(a.Body, wholeBody) // where it breaks off, so it does for the phone
	}
}

// conclude ends a wait in its server's words, where there are any.
func (p *Proxy) conclude(x *exchange, held *wait, answer *heldAnswer, err error, younger bool) {
	end := p.ending(held, answer, err, younger)
	p.observe(held, end)
	switch {
	case answer != nil:
		p.believe(held, answer)
		p.deliver(held, end, answer)
	case brokeOff(held, err), x.hadAnswer() && held.kind == kindPing && isUpstreams(err):
		// Devices ask again at once, and all of them would ask the dying server in a
		// circle.
		p.blameUpstream(held.kind, err)
		p.giveIn(held, end, p.jitter(held, 10*time.Second), quiet)
	default:
		p.fail(held, err)
	}
}

// believe takes note that the server has accepted a device's credentials.
func (p *Proxy) believe(held *wait, answer *heldAnswer) {
	if held.tracked {
		p.heed(held.device, answer.Response, "", hold.Command{
			Credentials: held.credentials, Since: held.began, Syncs: held.kind == kindSync,
		})
	}
}

// deliver passes the server's answer on.
func (p *Proxy) deliver(held *wait, end ending, answer *heldAnswer) {
	if answer.whole && answer.Length >= 0 && !answer.Chunked && len(answer.Trailer) == 0 {
		whole := complete{code: answer.Status, fields: p.fields(answer.Response), body: answer.body}
		answer.Close()
		p.giveIn(held, end, p.holdBack(held, end), whole)
		return
	}
	if !p.finish(held) {
		answer.Close()
		return
	}
	if _, away := held.seat.(*parked); away && held.client.entrance.isDraining() {
		// Its http.Server takes nothing back any more. The device asks again, elsewhere,
		// and its server says the same again: it has not been told that it was heard.
		answer.Close()
		words := held.goodbye()
		if !isSyncDocument(answer.Response) { // a refusal must not become a good word
			words = later503()
		}
		held.seat.whole(words, func() {})
		return
	}
	written := p.watchDelivery(held, end)
	held.seat.stream(func(w http.ResponseWriter, r *http.Request) {
		p.passOn(w, r, held, answer)
		written()
	})
}

// giveIn gives a wait its answer in a while.
func (p *Proxy) giveIn(held *wait, end ending, in time.Duration, answer complete) {
	give := func() {
		if p.finish(held) {
			p.whole(held, end, answer)
		}
	}
	if in <= 0 {
		give()
		return
	}
	p.at(held, in, give)
}

// passOn passes on an answer that was not all here when the phone's turn came.
func (p *Proxy) passOn(w http.ResponseWriter, r *http.Request, held *wait, answer *heldAnswer) {
	defer answer.Close()
	// A phone that leaves now ends it, also where the server is silent.
	defer context.AfterFunc(r.Context(), func() { answer.cut(context.Canceled) })()
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

// echo answers an older connection of the phone, on which perhaps nobody listens: what
// becomes of the answer proves nothing.
func (p *Proxy) echo(held *wait, answer *heldAnswer, err error) {
	whole := held.nothingNew()
	switch {
	case answer != nil && answer.whole:
		whole = complete{code: answer.Status, fields: withLength(p.fields(answer.Response), len(answer.body)), body: answer.body}
	case answer == nil && !brokeOff(held, err), answer != nil && !isSyncDocument(answer.Response):
		whole = later503()
	}
	if p.finish(held) {
		held.seat.whole(whole, func() {})
	}
}

// fail answers a wait that got no answer from the server.
func (p *Proxy) fail(held *wait, err error) {
	if !p.finish(held) {
		return
	}
	if errors.Is(err, upstream.ErrRequestBody) {
		held.seat.stream(func(w http.ResponseWriter, _ *http.Request) { p.refuseBody(w, err) })
		return
	}
	if errors.Is(err, upstream.ErrPinLost) {
		// Both legs end together: the client starts its authentication anew.
		held.seat.stream(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
		return
	}
	held.seat.whole(p.waitFault(held, err), func() {})
}

func (p *Proxy) waitFault(held *wait, err error) complete {
	if errors.Is(err, errNeedsHTTP1{}) {
		return ours(http.StatusMisdirectedRequest, []byte(err.Error()))
	}
	p.blameUpstream(held.kind, err)
	return later503()
}
