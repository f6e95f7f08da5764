package edge

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
)

// Outdated tells that the client was asked for another certificate than clients are now:
// none was needed then, or another authority was believed. Phones keep a connection for
// days, so one of before is closed after its next answer; the next one shows what it has.
func (g *guard) Outdated() bool { return g.server.outdated(g.NetConn()) }

func (s *Server) outdated(c net.Conn) bool {
	phone, ok := c.(*socket)
	return ok && phone.trust != s.certs.shown.Load().trust
}

// closeOutdated closes one of HTTP/1 when its answer is out. Those that wait outside of
// the http.Server ask Outdated themselves.
func closeOutdated(c net.Conn, state http.ConnState) {
	if g, ok := c.(*guard); ok && state == http.StateIdle && g.Outdated() {
		_ = c.Close()
	}
}

// below is the key in the context of an HTTP/2 connection of its socket.
type below struct{}

func withSocket(ctx context.Context, c net.Conn) context.Context {
	if secured, ok := c.(*tls.Conn); ok {
		return context.WithValue(ctx, below{}, secured.NetConn())
	}
	return ctx
}

// current takes no further request from an HTTP/2 connection that is outdated, and lets
// those that are on it end: net/http makes a GOAWAY of the header (RFC 9113 6.8).
type current struct {
	server *Server
	http.Handler
}

// ServeHTTP is http.Handler's.
func (h current) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if c, ok := r.Context().Value(below{}).(net.Conn); ok && h.server.outdated(c) {
		w.Header().Set("Connection", "close")
	}
	h.Handler.ServeHTTP(w, r)
}
