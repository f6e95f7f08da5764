package edge

import (
	"context"
	"net"
	"net/http"
	"sync"
	"time"
)

// lastCome takes no new connection and lets those come in that were taken already: in
// their handshake, on their way to http.Server, or there with a first request that is
// yet to be read; that one net/http would drop unanswered once its Shutdown has begun.
// To its phone each of them would look like a server that is broken, while behind a
// socket that is handed over nobody needs to notice that a process goes. It ends with
// the last of them, with ctx, or with the limit: a peer that says nothing must not
// hold up a restart.
func (s *Server) lastCome(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, s.cfg.limits.last)
	defer cancel()
	s.closeDoor()
	_ = s.listener.Close() // wakes Accept; a second Close is an error that means nothing
	in := make(chan struct{})
	go func() {
		s.working.Wait()
		s.stop() // Serve takes no more, so that it knows all of them
		if s.serving.Load() {
			<-s.taken
		}
		s.newcomers.wait(ctx)
		close(in)
	}()
	select {
	case <-in:
	case <-ctx.Done():
	}
}

// newcomers are connections whose first request http.Server has not read yet.
type newcomers struct {
	mu    sync.Mutex
	conns map[net.Conn]struct{}
	fewer chan struct{} // one has gone
}

func newNewcomers() *newcomers {
	return &newcomers{conns: map[net.Conn]struct{}{}, fewer: make(chan struct{}, 1)}
}

// see is told of each change in a connection. One that was given back is none of them:
// its phone has had its answer, and may say nothing for long.
func (n *newcomers) see(c net.Conn, state http.ConnState) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if g, ok := c.(*guard); state == http.StateNew && !(ok && g.fresh) {
		n.conns[c] = struct{}{}
		return
	}
	delete(n.conns, c)
	select {
	case n.fewer <- struct{}{}:
	default:
	}
}

func (n *newcomers) none() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(n.conns) == 0
}

// settle is for net/http, which looks whether it is shutting down a few instructions
// after it has said that a request was read.
const settle = 20 * time.Millisecond

// wait returns when there is none, or when ctx ends.
func (n *newcomers) wait(ctx context.Context) {
	for !n.none() {
		select {
		case <-n.fewer:
		case <-ctx.Done():
			return
		}
	}
	select {
	case <-time.After(settle):
	case <-ctx.Done():
	}
}
