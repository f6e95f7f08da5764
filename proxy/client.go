package proxy

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"syscall"

	"github.com/diastole/diastole/proxy/upstream"
)

// clientConn is what is known of one client connection, from accept to close.
type clientConn struct {
	net.Conn
	pin    *upstream.Pin // nil until the first NTLM or Negotiate header
	body   *incoming     // of the request that is on it, where it is streamed
	doomed bool          // to be closed when the request on it is answered
	proof  atomic.Uint64 // the proof.ID of the last answer on it, 0: none is awaited
}

type clientKey struct{}

// ConnContext is for http.Server: each connection gets its own clientConn.
func (p *Proxy) ConnContext(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, clientKey{}, &clientConn{Conn: c})
}

func clientOf(r *http.Request) *clientConn {
	c, _ := r.Context().Value(clientKey{}).(*clientConn)
	if c == nil { // served without our hooks: nothing to pin to
		return &clientConn{}
	}
	return c
}

// brokeOff reports whether we ended the reading of the request's body ourselves.
func (c *clientConn) brokeOff() bool {
	if c.body == nil {
		return false
	}
	c.body.mu.Lock()
	defer c.body.mu.Unlock()
	return c.body.brokenOff
}

// ConnState is for http.Server. An authenticated connection to the server and
// its client connection end together, whichever ends first. A connection whose last
// body has no known end is closed before the rest of it is read as a request.
func (p *Proxy) ConnState(conn net.Conn, state http.ConnState) {
	known, ok := p.known.Load(conn)
	if !ok {
		return
	}
	c := known.(*clientConn)
	switch state {
	case http.StateIdle:
		if c.doomed {
			letRead(conn)
		}
		if c.doomed || !c.pin.Rest() {
			conn.Close()
		}
	case http.StateClosed, http.StateHijacked:
		p.known.Delete(conn)
		if c.pin != nil {
			p.config.Metrics.pins.Dec()
			c.pin.Close()
		}
	}
}

// do sends the request on the connection it belongs to: the client's own from
// the first NTLM or Negotiate header on, any kept one otherwise.
func (p *Proxy) do(r *http.Request, request *upstream.Request) (*upstream.Response, error) {
	c := clientOf(r)
	if c.pin == nil && authenticatesConnection(r) {
		if err := p.pin(c, r); err != nil {
			return nil, err
		}
	}
	send := p.client.Do
	if c.pin != nil {
		send = c.pin.Do
	}
	answer, err := send(r.Context(), request)
	if err == nil && answer.Status == http.StatusSwitchingProtocols && request.Header["Upgrade"] == nil {
		// What the server says from here on is no HTTP, and nobody has asked for it.
		up, _ := answer.Upgraded()
		up.Close()
		return nil, &upstream.Error{Phase: upstream.Head, Err: errUnasked}
	}
	return answer, err
}

var errUnasked = errors.New("101 (Switching Protocols) without a request for it, RFC 9110 15.2.2")

// errNeedsHTTP1: NTLM and Negotiate authenticate a connection, and on HTTP/2 one
// connection carries the requests of several users at once (RFC 8164 aside, IIS
// answers HTTP_1_1_REQUIRED itself).
type errNeedsHTTP1 struct{}

func (errNeedsHTTP1) Error() string {
	return "NTLM and Negotiate need HTTP/1.1: leave h2 out of tls.alpn"
}

func (p *Proxy) pin(c *clientConn, r *http.Request) error {
	if r.ProtoMajor != 1 || c.Conn == nil {
		return errNeedsHTTP1{}
	}
	conn := c.Conn
	c.pin = p.client.Pin(func() { conn.Close() })
	p.known.Store(conn, c)
	p.config.Metrics.pins.Inc()
	return nil
}

// connectionSchemes authenticate a connection instead of a request: MS-NTHT 1.3,
// RFC 4559 6, and the names under which Windows servers know the same.
var connectionSchemes = []string{"NTLM", "Negotiate", "Kerberos", "Nego2"}

// authenticatesConnection looks at every word of every Authorization header:
// which of two headers a server takes is its own affair, and one that took the
// NTLM after a Basic would leave an authenticated connection among those that
// all share.
func authenticatesConnection(r *http.Request) bool {
	for _, value := range r.Header["Authorization"] {
		for word := range strings.FieldsFuncSeq(value, endsWord) {
			for _, scheme := range connectionSchemes {
				if strings.EqualFold(word, scheme) {
					return true
				}
			}
		}
	}
	return false
}

// endsWord: whatever stands in no token68 (RFC 9110 11.2). Servers differ in what
// they skip before and after a scheme: quotes, semicolons, 0xA0.
func endsWord(c rune) bool {
	return !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.ContainsRune("-._~+/=", c))
}

// socket digs out the TCP socket under TLS and the PROXY protocol; nil where
// there is none (tests in memory).
func (c *clientConn) socket() syscall.RawConn {
	for conn := c.Conn; conn != nil; {
		switch layer := conn.(type) {
		case interface{ NetConn() net.Conn }: // tls.Conn
			conn = layer.NetConn()
		case interface{ Raw() net.Conn }: // proxyproto.Conn
			conn = layer.Raw()
		case syscall.Conn:
			raw, _ := layer.SyscallConn()
			return raw
		default:
			return nil
		}
	}
	return nil
}
