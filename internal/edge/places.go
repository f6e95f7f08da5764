package edge

import (
	"context"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"time"

	"go.uber.org/zap"
)

// spare is how many connections are let in over the limit, to be told so. Left in
// the kernel's queue instead, a phone hangs until somebody leaves, and waits are
// long; a 503 with Retry-After sends it to sleep. Each stays for a few round trips,
// so 64 turn away some hundred in a second. It is small because each of them takes
// a descriptor and up to 130 KiB: who opens more still waits in the kernel.
const spare = 64

// takePlace waits until a connection may be accepted, be it to be turned away. It
// is false when the server stops.
func (s *Server) takePlace() bool {
	select {
	case s.places <- struct{}{}:
		return true
	case <-s.door.Done():
		return false
	}
}

// newSocket decides when the connection is there whether it may stay: before
// Accept, all connections could be in use and one be free when it comes.
func (s *Server) newSocket(c net.Conn) *socket {
	s.cfg.Metrics.open.Inc()
	phone := &socket{Conn: c, limit: s.cfg.limits.write, slow: s.cfg.Metrics.slowReaders.Inc}
	select {
	case s.slots <- struct{}{}:
		phone.closed = func() { <-s.slots; s.freePlace() }
	default:
		s.turnAway(phone)
	}
	return phone
}

func (s *Server) freePlace() {
	s.cfg.Metrics.open.Dec()
	<-s.places
}

// turnAway marks a connection that is over the limit. It has the limit of a header
// block for all that it does, and is then closed: with a body that never comes, an
// idle HTTP/2 connection, or silence it would keep one of the few places.
func (s *Server) turnAway(phone *socket) {
	s.cfg.Metrics.turnedAway.Inc()
	s.seldom.Warn("all connections are in use, new ones are answered 503; raise the limit of open files (LimitNOFILE)",
		zap.Int("connections", cap(s.slots)))
	phone.turned = true
	over := time.AfterFunc(time.Hour, func() { _ = phone.Close() })
	phone.closed = func() { over.Stop(); s.freePlace() }
	over.Reset(s.cfg.limits.header) // not before: Close needs what is set above
}

// full is the key in the context of a connection that is turned away.
type full struct{}

// mark tells the requests of a connection whether it is turned away.
func mark(ctx context.Context, c net.Conn) context.Context {
	if above, ok := c.(interface{ NetConn() net.Conn }); ok {
		if phone, ok := above.NetConn().(*socket); ok && phone.turned {
			return context.WithValue(ctx, full{}, true)
		}
	}
	return ctx
}

// admission lets no request of a connection over the limit come to the handler.
type admission struct{ handler http.Handler }

func (a admission) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Context().Value(full{}) == nil {
		a.handler.ServeHTTP(w, r)
		return
	}
	if r.ProtoMajor < 2 {
		// net/http goes on to read a body before it closes, so that no reset takes the
		// answer away from a client that is still sending; not for one that waits.
		_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(time.Second))
	}
	head := w.Header()
	// Spread, or all whom the same second has turned away come back in one.
	head.Set("Retry-After", strconv.Itoa(20+rand.IntN(41)))
	head.Set("Connection", "close") // on HTTP/2 net/http makes a GOAWAY of it
	head.Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(http.StatusServiceUnavailable)
	_, _ = io.WriteString(w, "All connections are in use. Try again later.\n")
}
