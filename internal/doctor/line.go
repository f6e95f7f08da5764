package doctor

import (
	"bufio"
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"
)

// line is one connection, carried by hand: net/http would close it, or ask again on
// another one, before it was seen how it ended.
type line struct {
	net.Conn          // TLS where the address says https
	bare     net.Conn // below that: the kernel is asked about this one
	read     *bufio.Reader
	pokes    int
	leave    func() bool
}

// quietDialer sends no TCP keep-alives. Go's own, every 15 s, would keep every firewall
// awake that is looked for here.
var quietDialer = net.Dialer{Timeout: prompt, KeepAlive: -1}

// connect opens a connection that ends with ctx.
func (v *visit) connect(ctx context.Context, u *url.URL) (*line, error) {
	bare, err := v.Dial(ctx, "tcp", hostPort(u))
	if err != nil {
		return nil, err
	}
	l := &line{Conn: bare, bare: bare}
	if u.Scheme == "https" {
		// HTTP/1.1 and nothing else: one wait a connection, so that its end is this wait's.
		secured := tls.Client(bare, v.tlsFor(u, "http/1.1"))
		if err := secured.HandshakeContext(ctx); err != nil {
			bare.Close()
			return nil, err
		}
		l.Conn = secured
	}
	l.read = bufio.NewReader(l.Conn)
	l.leave = context.AfterFunc(ctx, func() { bare.Close() })
	return l, nil
}

// Close leaves the connection below TLS: a close_notify would wait for a path that is dead.
func (l *line) Close() error {
	l.leave()
	return l.bare.Close()
}

// tlsFor is TLS towards an address, with these protocols (RFC 7301).
func (v *visit) tlsFor(u *url.URL, protocols ...string) *tls.Config {
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	if v.TLS != nil {
		c = v.TLS.Clone()
	}
	if c.ServerName == "" {
		c.ServerName = u.Hostname()
	}
	c.NextProtos = protocols
	return c
}

func hostPort(u *url.URL) string {
	port := u.Port()
	switch {
	case port != "":
	case u.Scheme == "https":
		port = "443"
	default:
		port = "80"
	}
	return net.JoinHostPort(u.Hostname(), port)
}

// reply is an answer with its body.
type reply struct {
	*http.Response
	body []byte
}

// answer waits for the answer to r until a moment.
func (l *line) answer(r *http.Request, until time.Time) (reply, error) {
	if err := l.SetReadDeadline(until); err != nil {
		return reply{}, err
	}
	for {
		got, err := http.ReadResponse(l.read, r)
		if err != nil {
			return reply{}, err
		}
		if got.StatusCode >= 200 { // before it, interim ones may come (RFC 9110 15.2)
			body, err := io.ReadAll(io.LimitReader(got.Body, 1<<20))
			return reply{got, body}, err
		}
	}
}

// nextLine begins a request that never ends: bytes that any server may find behind the
// one it is at work on (RFC 9112 9.3.2), and leaves alone until it has answered that.
const nextLine = "OPTIONS /"

// poke says one byte more.
func (l *line) poke() error {
	b := byte('x')
	if l.pokes < len(nextLine) {
		b = nextLine[l.pokes]
	}
	l.pokes++
	_, err := l.Write([]byte{b})
	return err
}

// pokeEvery pokes until stop is called, which waits for the last one.
func (l *line) pokeEvery(interval time.Duration) (stop func()) {
	if interval <= 0 {
		return func() {}
	}
	over, gone := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(gone)
		tick := time.NewTicker(interval)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				if l.poke() != nil {
					return // the reader sees why
				}
			case <-over:
				return
			}
		}
	}()
	return func() { close(over); <-gone }
}
