package proxy

import (
	"bufio"
	"net"
	"net/http"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/diastole/diastole/heartbeat"
	"github.com/diastole/diastole/proxy/hold"
	"github.com/diastole/diastole/proxy/proof"
)

// parkable is a connection that the http.Server takes back: one of internal/edge.
type parkable interface {
	net.Conn
	// GiveBack lets the server read ahead, and then the connection.
	GiveBack(ahead []byte)
	// ReadAhead reports bytes that were read and that the kernel knows nothing of
	// any more.
	ReadAhead() bool
	// Outdated reports that its client has to connect anew before it may go on.
	Outdated() bool
}

// rest is how long a connection may wait for its next request, as in the http.Server.
const rest = 5 * time.Minute

// parked is a connection that waits outside of the http.Server: it costs its TLS
// state and this. It waits for the answer to its wait first, and then for the next
// request, with which it goes back.
type parked struct {
	proxy  *Proxy
	client *clientConn
	conn   parkable
	spot   *hold.Spot

	mu    sync.Mutex
	state parkedState
	held  *wait            // the one that waits
	early []byte           // what the http.Server has read of the next request
	more  bool             // there is more of it to be read
	idle  *time.Timer      // while it rests
	write http.HandlerFunc // what the http.Server is to do next
}

type parkedState uint8

const (
	served  parkedState = iota // with the http.Server
	waiting                    // for the answer to its wait
	resting                    // until its next request
	closed
)

// mayPark tells whether the connection can leave the http.Server: it is HTTP/1.1,
// goes on after the answer, and nobody reads the request any more.
func (s *handlerSeat) mayPark() bool {
	c := s.held.client
	_, ok := c.Conn.(parkable)
	return ok && s.r.ProtoAtLeast(1, 1) && s.r.ProtoMajor == 1 && !s.r.Close && c.pin == nil && !c.doomed && s.streams == nil
}

// park takes the connection out of the http.Server; false where that cannot be done,
// or the answer is on its way to the handler.
func (s *handlerSeat) park() bool {
	c := s.held.client
	k := s.proxy.spotFor(c)
	if k == nil {
		return false
	}
	k.mu.Lock() // an answer that comes from now on has to wait for the hijack
	defer k.mu.Unlock()
	if err := k.spot.Watch(false); err != nil { // before there is no way back
		s.proxy.config.Log.Warn("a connection cannot be parked and waits in its handler", zap.Error(err))
		return false
	}
	c.entrance.enter(k) // before the wait leaves the handler: a drain has to see one of the two
	if !s.held.moveTo(k) {
		c.entrance.leave(k)
		return false
	}
	c.parking = true
	_, buffered, err := http.NewResponseController(s.w).Hijack()
	c.parking = false
	if err != nil {
		c.entrance.leave(k)
		go s.proxy.leave(s.held, heartbeat.DeviceLeft)
		panic(http.ErrAbortHandler) // the connection is of no use to anybody
	}
	k.state, k.held = waiting, s.held
	k.keep(buffered.Reader)
	k.arm()
	return true
}

// moveTo changes where a wait waits; false: it does not wait any more.
func (w *wait) moveTo(k *parked) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.over {
		return false
	}
	w.seat = k
	return true
}

// spotFor is where a connection is parked, nil where none can be.
func (p *Proxy) spotFor(c *clientConn) *parked {
	if c.parked != nil {
		return c.parked
	}
	lot := p.lot()
	if lot == nil {
		return nil
	}
	k := &parked{proxy: p, client: c, conn: c.Conn.(parkable)}
	spot, err := lot.Park(c.socket(), k.heard)
	if err != nil {
		return nil
	}
	k.spot, c.parked = spot, k
	p.known.Store(c.Conn, c)
	return k
}

// keep keeps what the http.Server has read of the next request (RFC 9112 9.3.2);
// k.mu is held.
func (k *parked) keep(r *bufio.Reader) {
	k.early, k.more = nil, k.conn.ReadAhead()
	if n := r.Buffered(); n > 0 {
		ahead, _ := r.Peek(n)
		k.early = append([]byte(nil), ahead...)
	}
}

// arm watches for the end of the connection, and for bytes as long as none are known
// of; k.mu is held.
func (k *parked) arm() {
	readable := k.state == resting || k.state == waiting && len(k.early) == 0 && !k.more
	if k.spot.Watch(readable) != nil { // closed under our feet: park has tried it
		go k.heard(hold.Reset)
	}
}

// heard is what the Lot has to say. It must not keep it.
func (k *parked) heard(s hold.Sign) {
	k.mu.Lock()
	defer k.mu.Unlock()
	switch {
	case k.state == waiting && k.held == nil: // its answer is being written
	case k.state == waiting && s == hold.Readable: // early; it has to wait for the answer
		k.more = true
		k.arm()
	case k.state == waiting:
		held := k.held
		go k.left(held, s)
	case k.state == resting && s == hold.Readable:
		go k.back(nil, resting)
	case k.state == resting:
		go k.close(resting)
	}
}

// left is the end of a wait whose phone has gone.
func (k *parked) left(held *wait, s hold.Sign) {
	how := heartbeat.DeviceLeft
	if s == hold.Reset {
		how = heartbeat.DeviceReset
	}
	if k.proxy.leave(held, how) {
		k.close(waiting)
	}
}

// whole writes the answer, and lets the connection rest.
func (k *parked) whole(a complete, written func()) {
	k.mu.Lock()
	parked := k.state == waiting // or it never came to that
	k.mu.Unlock()
	if !parked {
		return
	}
	a.closing = a.closing || k.client.entrance.isDraining() || k.conn.Outdated()
	_, err := k.conn.Write(a.appendTo(nil))
	written()
	k.mu.Lock()
	k.held = nil
	if err != nil || a.closing {
		unread := len(k.early) > 0 || k.more
		k.mu.Unlock()
		if err == nil && unread {
			letRead(k.conn) // closed with bytes unread, it would be reset before the phone has its answer
		}
		k.close(waiting)
		return
	}
	if len(k.early) > 0 || k.more {
		k.mu.Unlock()
		k.back(nil, waiting)
		return
	}
	k.state = resting
	k.idle = time.AfterFunc(rest, func() { k.close(resting) })
	k.arm()
	k.mu.Unlock()
	if k.client.entrance.isDraining() { // since we looked
		k.close(resting)
	}
}

// stream lets the http.Server's machinery write the answer: for it that is one more
// request, which we make up.
func (k *parked) stream(write http.HandlerFunc) { k.back(write, waiting) }

const madeUp = "POST / HTTP/1.1\r\nHost: parked\r\nContent-Length: 0\r\n\r\n"

// back gives the connection back to its http.Server, if it is still in that state.
func (k *parked) back(write http.HandlerFunc, from parkedState) {
	k.mu.Lock()
	if k.state != from {
		k.mu.Unlock()
		return
	}
	k.state, k.held, k.write = served, nil, write
	ahead := k.early
	k.early = nil
	if k.idle != nil {
		k.idle.Stop()
	}
	k.mu.Unlock()
	if write != nil {
		ahead = append([]byte(madeUp), ahead...)
	}
	k.client.entrance.leave(k)
	k.conn.GiveBack(ahead)
}

// takeWrite returns what is to be written for the request that we made up.
func (k *parked) takeWrite() http.HandlerFunc {
	if k == nil {
		return nil
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	write := k.write
	k.write = nil
	return write
}

// close ends the connection, if it is still in that state.
func (k *parked) close(from parkedState) {
	k.mu.Lock()
	if k.state != from {
		k.mu.Unlock()
		return
	}
	k.state, k.held = closed, nil
	if k.idle != nil {
		k.idle.Stop()
	}
	k.mu.Unlock()
	if id := k.client.proof.Swap(0); id != 0 {
		k.proxy.proofs.Closing(proof.ID(id))
	}
	k.conn.Close()
	k.proxy.forget(k.client.Conn, k.client)
	k.client.entrance.leave(k)
}

// forget ends the watching of a connection that is closed.
func (k *parked) forget() {
	if k != nil {
		k.spot.Leave()
	}
}
