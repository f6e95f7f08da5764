package proxy

import (
	"context"
	"net"
	"net/http"
	"time"
)

// Entrance is the proxy as one listener sees it. A listener that is given up (its
// address has changed) drains its own waits; those that came elsewhere stay.
type Entrance struct{ proxy *Proxy }

// Entrance makes one more way in.
func (p *Proxy) Entrance() *Entrance { return &Entrance{proxy: p} }

// ServeHTTP is Proxy.ServeHTTP.
func (e *Entrance) ServeHTTP(w http.ResponseWriter, r *http.Request) { e.proxy.ServeHTTP(w, r) }

// ConnContext is for http.Server: each connection gets its own clientConn.
func (e *Entrance) ConnContext(ctx context.Context, c net.Conn) context.Context {
	return e.proxy.ConnContext(ctx, c)
}

// ConnState is for http.Server.
func (e *Entrance) ConnState(c net.Conn, state http.ConnState) { e.proxy.ConnState(c, state) }

// Drain is Proxy.Drain for the waits that came in here.
func (e *Entrance) Drain(window time.Duration) { e.proxy.Drain(window) }

// Drained is closed when, after Drain, nothing that came in here is held any more.
func (e *Entrance) Drained() <-chan struct{} { return e.proxy.Drained() }
