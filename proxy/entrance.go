package proxy

import (
	"context"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Entrance is the proxy as one listener sees it. A listener that is given up (its
// address has changed) drains its own waits; those that came elsewhere stay.
type Entrance struct {
	proxy *Proxy

	mu       sync.Mutex
	waits    map[*wait]struct{}   // without their answer
	parked   map[*parked]struct{} // connections outside of the http.Server
	draining bool
	drained  chan struct{} // closed when, while draining, both are empty
	empty    bool          // drained is closed
}

// Entrance makes one more way in.
func (p *Proxy) Entrance() *Entrance {
	e := &Entrance{proxy: p, waits: map[*wait]struct{}{}, parked: map[*parked]struct{}{}, drained: make(chan struct{})}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.entrances = append(p.entrances, e)
	return e
}

// ServeHTTP is Proxy.ServeHTTP.
func (e *Entrance) ServeHTTP(w http.ResponseWriter, r *http.Request) { e.proxy.ServeHTTP(w, r) }

// ConnContext is for http.Server: what is known of a connection goes along with its
// requests. One that comes back from a wait is known already.
func (e *Entrance) ConnContext(ctx context.Context, conn net.Conn) context.Context {
	if known, ok := e.proxy.known.Load(conn); ok {
		return context.WithValue(ctx, clientKey{}, known)
	}
	return context.WithValue(ctx, clientKey{}, &clientConn{Conn: conn, entrance: e})
}

// ConnState is for http.Server.
func (e *Entrance) ConnState(c net.Conn, state http.ConnState) { e.proxy.connState(c, state) }

// admit takes in a wait; false: nothing is held here any more.
func (e *Entrance) admit(held *wait) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.draining {
		e.waits[held] = struct{}{}
	}
	return !e.draining
}

func (e *Entrance) remove(held *wait) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.waits, held)
	e.look()
}

// enter takes in a connection that leaves the http.Server.
func (e *Entrance) enter(c *parked) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.parked[c] = struct{}{}
}

// leave is called when it goes back there, or is closed.
func (e *Entrance) leave(c *parked) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.parked, c)
	e.look()
}

// look notices that all have gone; e.mu is held.
func (e *Entrance) look() {
	if e.draining && !e.empty && len(e.waits) == 0 && len(e.parked) == 0 {
		e.empty = true
		close(e.drained)
		e.proxy.dismiss(e)
	}
}

// dismiss forgets an entrance that nobody will come in by any more.
func (p *Proxy) dismiss(e *Entrance) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.entrances = slices.DeleteFunc(p.entrances, func(one *Entrance) bool { return one == e })
}

func (e *Entrance) isDraining() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.draining
}

// Drain ends every wait that came in here with an ordinary "nothing new", spread over
// the window: phones ask again at once, and all of them in the same second would be
// a storm for whatever takes over. New waits are refused from now on. It returns
// at once.
func (e *Entrance) Drain(window time.Duration) {
	e.mu.Lock()
	e.draining = true
	idle := slices.Collect(maps.Keys(e.parked))
	for held := range e.waits {
		time.AfterFunc(rand.N(max(window, 1)), func() { e.proxy.release(held, byDrain) })
	}
	e.look()
	e.mu.Unlock()
	for _, c := range idle {
		c.close(resting)
	}
}

// Drained is closed when, after Drain, nothing that came in here is held any more.
func (e *Entrance) Drained() <-chan struct{} { return e.drained }

// cut closes what is parked, whatever it waits for.
func (e *Entrance) cut() {
	e.mu.Lock()
	parked := slices.Collect(maps.Keys(e.parked))
	e.mu.Unlock()
	for _, c := range parked {
		c.close(waiting)
		c.close(resting)
	}
}

func (p *Proxy) parkedNow() (n int) {
	for _, e := range p.ways() {
		e.mu.Lock()
		n += len(e.parked)
		e.mu.Unlock()
	}
	return n
}
