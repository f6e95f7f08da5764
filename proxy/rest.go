package proxy

import (
	"io"
	"net"
	"time"
)

// restMax is how much of a body is read after its answer to keep the connection,
// as net/http has it.
const restMax = 256 << 10

// finish reads what is left of a streamed body when its request has been answered;
// false: its end was not found, and what comes next on the connection is no request.
//
// net/http would read it too, but in full duplex it takes the end that it finds for
// one that the handler has found, watches the client with a second read beside
// that for the next request, and panics ("invalid concurrent Body.Read call").
func (b *incoming) finish(closing bool) bool {
	switch {
	case b.ended:
		return true
	case b.awaits(): // never asked for: net/http ends the connection
		b.until(time.Now().Add(restPause(closing)))
		return true
	}
	_ = b.control.Flush() // the client may wait for its answer before it goes on
	if b.until(time.Now().Add(restPause(closing))) {
		if _, err := io.CopyN(io.Discard, b.from, restMax); err == io.EOF {
			return true
		}
	}
	b.interrupt()
	_, err := io.Copy(io.Discard, b.from) // what net/http has in its buffer could hold the end
	return err == nil
}

// restPause is how long what is left of a body may take to come. Where the
// connection ends it is only so long that the client can read its answer before a
// RST takes it away.
func restPause(closing bool) time.Duration {
	if closing {
		return time.Second
	}
	return shortPause
}

// endBody deals with what is left of a streamed body.
func (p *Proxy) endBody(c *clientConn, closing bool) {
	body := c.body
	c.body = nil
	if !body.finish(closing) {
		c.doomed = true
		p.known.Store(c.Conn, c)
	}
}

// letRead gives a client that is still sending the time to read its answer: closed
// at once, the connection would be reset with the answer on its way (RFC 9112 9.6).
func letRead(conn net.Conn) {
	if half, ok := conn.(interface{ CloseWrite() error }); ok && half.CloseWrite() == nil {
		_ = conn.SetReadDeadline(time.Now().Add(restPause(true)))
		_, _ = io.Copy(io.Discard, conn)
	}
}
