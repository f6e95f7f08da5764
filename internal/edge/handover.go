package edge

import (
	"net"
	"sync"
)

// handover is the net.Listener that http.Server sees: connections come out of
// it when they are past their handshake, and again each time they are given back.
type handover struct{ *Server }

func (h handover) Accept() (net.Conn, error) {
	for {
		select {
		case c := <-h.ready:
			return c, nil
		case <-h.returned.some:
			if c := h.returned.take(); c != nil {
				return c, nil
			}
		case <-h.stopping.Done():
			return nil, net.ErrClosed
		}
	}
}

func (h handover) Close() error { return nil }

// returns holds the connections on their way back to http.Server. It is a queue
// and no channel that is waited at: whoever gives back may hold a lock that
// ConnContext or ConnState wants too. It holds each open connection at most once.
type returns struct {
	some chan struct{} // full when there may be connections

	mu     sync.Mutex
	conns  []*guard
	closed bool
}

func newReturns() *returns { return &returns{some: make(chan struct{}, 1)} }

// put is false when http.Server takes no more.
func (r *returns) put(g *guard) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return false
	}
	r.conns = append(r.conns, g)
	r.tell()
	return true
}

// take gives the one that has waited longest, or nil.
func (r *returns) take() net.Conn {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.conns) == 0 {
		return nil
	}
	g := r.conns[0]
	r.conns[0] = nil
	r.conns = r.conns[1:]
	if len(r.conns) > 0 {
		r.tell()
	} else {
		r.conns = nil // what 8,000 at once have grown is not kept
	}
	return g
}

func (r *returns) tell() {
	select {
	case r.some <- struct{}{}:
	default:
	}
}

// end takes no more, and closes what nobody has taken.
func (r *returns) end() {
	r.mu.Lock()
	left := r.conns
	r.conns, r.closed = nil, true
	r.mu.Unlock()
	for _, g := range left {
		g.leave()
	}
}
