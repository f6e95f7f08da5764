package proxy

import (
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
	entrance *Entrance
	parked   *parked       // nil until it has waited outside of the http.Server
	parking  bool          // it is leaving it right now
	pin      *upstream.Pin // nil until the first NTLM or Negotiate header
	body     *incoming     // of the request that is on it, where it is streamed
	doomed   bool          // to be closed when the request on it is answered
	proof    atomic.Uint64 // the proof.ID of the last answer on it, 0: none is awaited

	came      atomic.Bool // a device has sent a request on it
	displaced atomic.Bool // the last wait on it was told to make room for a younger one
}

type clientKey struct{}

func (p *Proxy) clientOf(r *http.Request) *clientConn {
	c := clientOf(r)
	if c.entrance == nil { // served without our hooks
		c.entrance = p.lobby
	}
	return c
}

func clientOf(r *http.Request) *clientConn {
	c, _ := r.Context().Value(clientKey{}).(*clientConn)
	if c == nil { // nothing to pin to
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

// connState follows a connection. An authenticated connection to the server and
// its client connection end together, whichever ends first. A connection whose last
// body has no known end is closed before the rest of it is read as a request.
func (p *Proxy) connState(conn net.Conn, state http.ConnState) {
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
		if c.doomed || c.pin != nil && !c.pin.Rest() {
			conn.Close()
		}
	case http.StateHijacked:
		if !c.parking {
			p.forget(conn, c)
		}
	case http.StateClosed:
		p.forget(conn, c)
	}
}

// forget is the end of a connection, or of what we have to do with it.
func (p *Proxy) forget(conn net.Conn, c *clientConn) {
	p.known.Delete(conn)
	c.parked.forget()
	if c.pin != nil {
		p.config.Metrics.pins.Dec()
		c.pin.Close()
	}
}

// do sends the request on the connection it belongs to: the client's own from
// the first NTLM or Negotiate header on, any kept one otherwise.
func (p *Proxy) do(r *http.Request, request *upstream.Request) (*upstream.Response, error) {
	pin, err := p.pinOf(r)
	if err != nil {
		return nil, err
	}
	send := p.client.Do
	if pin != nil {
		send = pin.Do
	}
	answer, err := send(r.Context(), request)
	if err == nil {
		err = unasked(answer, request)
	}
	if err != nil {
		return nil, err
	}
	return answer, nil
}

// pinOf is the connection to the server that belongs to the client's, nil if any
// will do.
func (p *Proxy) pinOf(r *http.Request) (*upstream.Pin, error) {
	c := clientOf(r)
	if c.pin == nil && authenticatesConnection(r) {
		if err := p.pin(c, r); err != nil {
			return nil, err
		}
	}
	return c.pin, nil
}

// unasked refuses a 101 without a request for it: what the server says from there on
// is no HTTP.
func unasked(answer *upstream.Response, request *upstream.Request) error {
	if answer.Status != http.StatusSwitchingProtocols || request != nil && request.Header["Upgrade"] != nil {
		return nil
	}
	up, _ := answer.Upgraded()
	up.Close()
	return &upstream.Error{Phase: upstream.Head, Err: errUnasked}
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
			if isScheme(word, connectionSchemes...) {
				return true
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
