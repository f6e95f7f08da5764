package proxy

import (
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/diastole/diastole/proxy/hold"
	"github.com/diastole/diastole/proxy/upstream"
)

// exchange is one wait at the server. Phones come and go while it lasts.
type exchange struct {
	proxy  *Proxy
	first  *wait // with which it began; its phone may have gone since
	pin    *upstream.Pin
	leash  upstream.Leash // ends it
	slices *slicing       // nil: it lasts as long as the server lets it
	vigil  *vigil         // nil: the server holds it from the beginning
	ours   bool           // what went up is not what the device sent
	// streams is closed when the server has answered, where the request is so large
	// that it goes up as it comes in; nil otherwise.
	streams chan struct{}
	ended   sync.Once // closes streams

	mu      sync.Mutex
	request *upstream.Request // until it has gone up
	place   *hold.Place       // in the queue, then at the server
	pending *upstream.Pending // sent, and nobody has fetched its answer yet
	spot    *hold.Spot        // where its socket is watched
	went    time.Time         // when it went up; zero: not yet
	over    bool
	timer   *time.Timer // while it lingers
}

var errNobodyWaits = errors.New("nobody waits for it any more")

// exchange prepares what goes up for a wait.
func (p *Proxy) exchange(r *http.Request, request *upstream.Request, body []byte, held *wait) (*exchange, error) {
	pin, err := p.pinOf(r)
	if err != nil {
		return nil, err
	}
	x := &exchange{proxy: p, first: held, pin: pin, request: request}
	x.slices = p.slice(request, body, held)
	if request.Stream != nil {
		x.streams = make(chan struct{})
	}
	if x.slices == nil {
		x.vigil = p.vigil(r, x, held)
	}
	return x, nil
}

// enter begins it, here or at the server.
func (x *exchange) enter() {
	if x.vigil == nil || x.request.Pack() != nil { // what is wrong with it comes out there
		x.queue()
		return
	}
	x.vigil.begin()
}

// queue is for a place at the server.
func (x *exchange) queue() {
	if x.slices == nil && x.pin == nil && x.streams == nil {
		if err := x.request.Pack(); err != nil {
			x.proxy.answered(x, nil, err)
			return
		}
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.place = x.proxy.queue.Enter(x.first.owner(), func() { go x.send() })
	if x.over { // given up in the moment between
		x.place.Leave()
	}
}

// owner is whose turn it is in the queue. A name is only claimed until the server has
// accepted it: a stranger with a thousand of them would get a thousand turns.
func (w *wait) owner() string {
	if w.met {
		return w.device.Principal
	}
	addr := w.from.Addr().Unmap()
	if addr.Is6() {
		network, _ := addr.Prefix(64) // what one subscriber has
		return network.String()
	}
	return addr.String()
}

// forget is for one that never was: its wait has inherited another.
func (x *exchange) forget() {
	x.leash.Cancel(errNobodyWaits)
	x.streamed()
}

// streamed lets the handler go whose request's body went up, or never will.
func (x *exchange) streamed() {
	if x.streams != nil {
		x.ended.Do(func() { close(x.streams) })
	}
}

// send asks the server. Where its socket can be watched nothing of ours runs from
// then on until the answer is there.
func (x *exchange) send() {
	x.mu.Lock()
	request := x.request
	if x.over || x.proxy.leaving.Load() { // its phone is about to be told to ask elsewhere
		x.mu.Unlock()
		x.streamed()
		return
	}
	if x.went.IsZero() {
		x.went = time.Now()
	}
	if x.slices == nil {
		x.request = nil
	}
	x.mu.Unlock()
	x.proxy.holds.Asked(time.Now(), x.first.holder(), x)
	x.proxy.doubt(&x.first.ask)
	if x.pin != nil { // its connection is the client's own
		x.arrived(x.pin.Do(&x.leash, request))
		return
	}
	pending, err := x.proxy.client.Start(&x.leash, request)
	if err != nil {
		x.arrived(nil, err)
		return
	}
	// A broken stream closes its connection under our feet, which is no sign.
	if x.streams != nil || !x.watch(pending) {
		x.arrived(pending.Answer())
	}
}

// watch lets the Lot wait for the answer.
func (x *exchange) watch(pending *upstream.Pending) bool {
	socket := pending.Socket()
	if socket == nil {
		return false
	}
	lot := x.proxy.lot()
	if lot == nil {
		return false
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	spot, err := lot.Park(socket, func(hold.Sign) { go x.fetch() })
	if err != nil {
		return false
	}
	x.pending, x.spot = pending, spot
	if x.over || spot.Watch(true) != nil { // it has ended while it was being sent
		go x.fetch()
	}
	return true
}

// fetch reads the answer, or finds out why there is none.
func (x *exchange) fetch() {
	x.mu.Lock()
	pending, spot := x.pending, x.spot
	x.pending, x.spot = nil, nil
	x.mu.Unlock()
	if pending == nil {
		return
	}
	spot.Leave()
	x.arrived(pending.Answer())
}

// arrived gives the answer to who waits for it.
func (x *exchange) arrived(answer *upstream.Response, err error) {
	defer x.streamed()
	x.proxy.told(x.first.attempt, answer)
	held, err := x.read(answer, err)
	if x.goesOn(held) {
		if x.first.tracked { // the server has answered, if not yet to the phone
			x.proxy.acknowledge(x.first.device, hold.Command{Credentials: x.first.credentials, Since: x.first.began, Piece: true})
		}
		x.send()
		return
	}
	x.proxy.answered(x, held, err)
}

// read reads the body of an ActiveSync document before a byte goes to the phone: a
// server that dies in the middle of a Ping's 13 bytes can then still be covered by a
// Status 1. Any other answer passes as it comes: a 401 that was cut is still a 401.
func (x *exchange) read(answer *upstream.Response, err error) (*heldAnswer, error) {
	if err != nil {
		return nil, err
	}
	if err := unasked(answer, nil); err != nil {
		return nil, err
	}
	held := &heldAnswer{Response: answer, cut: x.leash.Cancel}
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

// sentFor tells for how long the server has been asked; 0: not at all.
func (x *exchange) sentFor() time.Duration {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.went.IsZero() {
		return 0
	}
	return max(time.Since(x.went), 1)
}

// lingerFor keeps it for a phone that may come back.
func (x *exchange) lingerFor(d time.Duration) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.over {
		return
	}
	if x.timer != nil {
		x.timer.Stop()
	}
	x.timer = time.AfterFunc(d, func() { x.proxy.expire(x) })
	x.proxy.lingers(x, true)
}

// lingers notes who lingers: when the Proxy is closed, somebody has to end them.
func (p *Proxy) lingers(x *exchange, does bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !does {
		delete(p.lingering, x)
		return
	}
	if p.lingering == nil {
		p.lingering = map[*exchange]struct{}{}
	}
	p.lingering[x] = struct{}{}
}

// cancel ends it; the server learns by its connection's end.
func (x *exchange) cancel() {
	x.done()
	if x.sentFor() == 0 { // and never will be
		x.streamed()
	}
	x.leash.Cancel(errNobodyWaits)
	x.fetch() // what was sent has to be taken in, or its connection would be kept
}

// done gives its place to the next.
func (x *exchange) done() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.over = true
	if x.vigil != nil {
		x.vigil.stop()
	}
	if x.timer != nil {
		x.timer.Stop()
		x.proxy.lingers(x, false)
	}
	if x.place != nil {
		x.place.Leave()
	}
}
