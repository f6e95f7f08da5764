package proxy

import (
	"bufio"
	"net"
	"net/http"
	"sync"
	"time"

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

// park takes a connection out of the http.Server; nil where that cannot be done.
func (p *Proxy) park(w http.ResponseWriter, r *http.Request, held *wait) *parked {
	c := held.client
	conn, ok := c.Conn.(parkable)
	if !ok || !r.ProtoAtLeast(1, 1) || r.ProtoMajor != 1 || r.Close || c.pin != nil || c.doomed {
		return nil
	}
	if c.parked == nil {
		k := &parked{proxy: p, client: c, conn: conn}
		lot := p.lot()
		if lot == nil {
			return nil
		}
		spot, err := lot.Park(c.socket(), k.heard)
		if err != nil {
			return nil
		}
		k.spot, c.parked = spot, k
		p.known.Store(c.Conn, c)
	}
	k := c.parked
	k.mu.Lock()
	k.state, k.held = waiting, held
	k.mu.Unlock()
	c.entrance.enter(k)
	_, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		k.mu.Lock()
		k.state, k.held = served, nil
		k.mu.Unlock()
		c.entrance.leave(k)
		return nil
	}
	k.keep(buffered.Reader)
	return k
}

// keep keeps what the http.Server has read of the next request (RFC 9112 9.3.2).
func (k *parked) keep(r *bufio.Reader) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.early, k.more = nil, k.conn.ReadAhead()
	if n := r.Buffered(); n > 0 {
		ahead, _ := r.Peek(n)
		k.early = append([]byte(nil), ahead...)
	}
}

// stay lets the handler go. From here on the phone's leaving is noticed.
func (k *parked) stay() {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.state == waiting {
		k.arm()
	}
}

// arm watches for the end of the connection, and for bytes as long as none are known
// of; k.mu is held.
func (k *parked) arm() {
	readable := k.state == resting || k.state == waiting && len(k.early) == 0 && !k.more
	if k.spot.Watch(readable) != nil {
		go k.heard(hold.Reset) // closed under our feet
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

// isParked tells whether the http.Server has let the connection go to us.
func (k *parked) isParked() bool {
	if k == nil {
		return false
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.state == waiting
}

// forget ends the watching of a connection that is closed.
func (k *parked) forget() {
	if k != nil {
		k.spot.Leave()
	}
}
