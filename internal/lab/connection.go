package lab

import (
	"context"
	"net"
	"sync"
	"sync/atomic"
)

// connection is what the server remembers of one client connection.
type connection struct {
	number   int
	requests atomic.Int32

	mu        sync.Mutex
	challenge []byte // of a running NTLM handshake
	user      string // whom NTLM authenticated this connection for
}

type connKey struct{}

// connOf is nil where the server was run without its ConnContext.
func connOf(ctx context.Context) *connection {
	c, _ := ctx.Value(connKey{}).(*connection)
	return c
}

// counter gives numbers from 1.
type counter struct{ n atomic.Int64 }

func (c *counter) next() int { return int(c.n.Add(1)) }

// ConnContext gives each connection its own memory; it is an http.Server.ConnContext.
func (s *Server) ConnContext(ctx context.Context, _ net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, &connection{number: s.conns.next()})
}
