package edge

import (
	"crypto/tls"
	"errors"
	"net"
	"net/http"
)

// guard is an HTTP/1 connection above TLS whose requests have only one reading
// (see framing). It costs 0.1 KiB and under a microsecond a request; HTTP/2 has
// no such ambiguity and goes without. http.Server finds the TLS state through
// the embedded ConnectionState.
type guard struct {
	*tls.Conn
	server  *Server
	framing framing
	err     error  // what ended the reading
	again   []byte // given back with the connection, framed already; read before all else
	first   byte   // where early: the first byte of the next request, not framed yet
	early   bool   // that byte came while a request was in work
	open    bool   // the connection was upgraded or taken over: no HTTP any more
	fresh   bool   // given back, and no byte of a request was read since
}

// Read is what http.Server reads requests with.
func (g *guard) Read(p []byte) (int, error) {
	n, err := g.read(p)
	for g.fresh && n > 0 {
		if n = g.begin(p[:n]); n == 0 && err == nil {
			n, err = g.read(p)
		}
	}
	return n, err
}

// read reads no further than the line over which a request is refused. The
// error then makes http.Server answer 400 and close.
func (g *guard) read(p []byte) (int, error) {
	if len(g.again) > 0 {
		return g.reread(p), nil
	}
	if g.err != nil {
		return 0, g.err
	}
	if len(p) == 1 && !g.open && g.framing.between() {
		if err := g.watch(p); err != errCannotWatch {
			return 0, err
		}
	}
	n, err := g.next(p)
	if g.open || n == 0 {
		return n, err
	}
	passed, bad := g.framing.pass(p[:n])
	if bad != nil {
		g.err = bad
		g.server.refuse(g, bad.(*refusal))
		return passed, nil
	}
	return n, err
}

// next gives what was read ahead before what is still to come.
func (g *guard) next(p []byte) (int, error) {
	if !g.early || len(p) == 0 {
		return g.Conn.Read(p)
	}
	p[0], g.early = g.first, false
	return 1, nil
}

// errCannotWatch: only Linux tells that a client has left whose bytes are not read.
var errCannotWatch = errors.New("cannot watch")

// watch is the reading with which net/http finds out that the client has left: of
// one byte, between two requests, with a handler at work. For net/http it is over
// with that byte, so that a client who sends more (pipelining, RFC 9112 9.3.2) and
// then leaves is not noticed: its wait would keep a connection to the server for up
// to an hour. Here the byte is kept for the next request and the watch goes on. The
// rest stays in the kernel: it may be an upload. net/http itself ends the watch, by
// a deadline, when the answer is out.
func (g *guard) watch(p []byte) error {
	if !g.early {
		if _, err := g.Conn.Read(p); err != nil {
			return err
		}
		g.first, g.early = p[0], true
	}
	return untilGone(g.NetConn())
}

// letGo stops the guard when a handler takes the connection (WebSocket, a parked
// wait): what follows is not HTTP. http.Server calls this while no Read is running.
func letGo(c net.Conn, state http.ConnState) {
	if g, ok := c.(*guard); ok && state == http.StateHijacked {
		g.open = true
		slim(g.Conn)
	}
}
