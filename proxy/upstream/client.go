package upstream

import (
	"context"
	"crypto/tls"
	"net"
	"time"
)

// Config says where the server is. The zero value of each field but Address
// stands for the default named with it.
type Config struct {
	Address string      // host:port
	TLS     *tls.Config // nil: plain TCP. ServerName defaults to Address's host

	// Dial makes the TCP connection to Address. Default: a net.Dialer.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)

	DialTimeout time.Duration // TCP and TLS handshake together; default 10 s
	IdleTimeout time.Duration // an idle connection is closed after it; default 60 s
	IdleMax     int           // idle connections kept, the oldest leaves; default 256

	// Stale is called each time a reused connection turned out to be dead
	// under a request, with whether the request was sent again. May be nil.
	Stale func(resent bool)
}

// Client sends requests to one server over connections that it keeps alive.
// It is safe for concurrent use.
type Client struct {
	config Config
	idle   pool
	fading fading
	home   func(*conn) // idle.put, bound once and not for each connection
}

// New makes a client; it connects to nothing yet.
func New(c Config) *Client {
	if c.Dial == nil {
		var d net.Dialer
		// GODEBUG=multipathtcp=1 would turn it on: retry.go counts on plain TCP.
		d.SetMultipathTCP(false)
		c.Dial = d.DialContext
	}
	if c.DialTimeout == 0 {
		c.DialTimeout = 10 * time.Second
	}
	if c.IdleTimeout == 0 {
		c.IdleTimeout = 60 * time.Second
	}
	if c.IdleMax == 0 {
		c.IdleMax = 256
	}
	if c.Stale == nil {
		c.Stale = func(bool) {}
	}
	if c.TLS != nil {
		c.TLS = c.TLS.Clone()
		c.TLS.NextProtos = []string{"http/1.1"}
		if c.TLS.ServerName == "" {
			c.TLS.ServerName, _, _ = net.SplitHostPort(c.Address)
		}
		if c.TLS.ClientSessionCache == nil {
			// Without it every new connection costs the server a full handshake.
			c.TLS.ClientSessionCache = tls.NewLRUClientSessionCache(16)
		}
	}
	client := &Client{config: c, idle: pool{max: c.IdleMax, timeout: c.IdleTimeout}}
	client.home = client.idle.put
	return client
}

// Do sends one request and returns when the head of its answer has come. The
// caller reads the body and calls Close, whatever happens. Cancelling ctx ends
// the exchange at any point and closes its connection, which is how the server
// learns that the phone has gone. After an error there is nothing to close, and
// nothing reads the request's Stream any more.
//
// Errors are *Error; what the client's own body did wrong is errors.Is
// ErrRequestBody, and after a cancel the error is also context.Cause(ctx).
func (c *Client) Do(ctx context.Context, r *Request) (*Response, error) {
	p, err := c.start(ctx, r)
	if err != nil {
		return nil, err
	}
	return p.Answer()
}

// start sends r on a kept connection, or on a fresh one where there is none or
// the writing shows that it was dead.
func (c *Client) start(ctx context.Context, r *Request) (*Pending, error) {
	if conn := c.idle.take(r); conn != nil {
		p, err := conn.start(ctx, r)
		if err == nil {
			p.keepFor(c, r)
			return p, nil
		}
		if !c.again(ctx, r, err) {
			return nil, err
		}
	}
	p, err := c.startFresh(ctx, r)
	return p, plain(err)
}

// startFresh sends r on a connection of its own: what fails there is not tried again.
func (c *Client) startFresh(ctx context.Context, r *Request) (*Pending, *Error) {
	conn, err := c.dial(ctx)
	if err != nil {
		return nil, err
	}
	conn.home = c.home
	return conn.start(ctx, r)
}

// again decides whether a request that failed on a kept connection goes out once
// more, on a fresh one. r is nil where it has been dropped meanwhile: see fading.
func (c *Client) again(ctx context.Context, r *Request, err *Error) bool {
	if err == nil || ctx.Err() != nil || !err.Stale() {
		return false
	}
	if !err.untaken {
		c.idle.distrust() // this server closes without a word: see pool.keeps
	}
	resend := r != nil && (r.Repeatable && !err.late || err.untaken)
	c.config.Stale(resend)
	return resend
}

// Close closes the idle connections and keeps none from then on. Exchanges that
// are on go on to their end.
func (c *Client) Close() { c.idle.closeAll() }

// Idle returns how many connections wait for their next request.
func (c *Client) Idle() int { return c.idle.len() }

// Reach connects to the server and hangs up: the error says why it cannot be
// reached.
func (c *Client) Reach(ctx context.Context) error {
	conn, err := c.dial(ctx)
	if err != nil {
		return err
	}
	return conn.Close()
}

func (c *Client) dial(ctx context.Context) (*conn, *Error) {
	if ctx.Err() != nil {
		return nil, &Error{Phase: Dial, Err: context.Cause(ctx)}
	}
	// Not a child of ctx: what ctx makes to tell a child of its end (a channel, a
	// map) would stay with it for as long as the wait is held.
	limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.config.DialTimeout)
	defer cancel()
	defer tie(ctx, cancel)()
	raw, err := c.config.Dial(limited, "tcp", c.config.Address)
	if err != nil {
		return nil, &Error{Phase: Dial, Err: withCause(ctx, err)}
	}
	if c.config.TLS == nil {
		return newConn(raw, raw), nil
	}
	secure := tls.Client(raw, c.config.TLS)
	if err := secure.HandshakeContext(limited); err != nil {
		raw.Close()
		return nil, &Error{Phase: Handshake, Err: withCause(ctx, err)}
	}
	return newConn(secure, raw), nil
}
