package upstream

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// ErrPinLost says that a pinned connection has ended. The client connection it
// belonged to must end too: what the server knew of the client died with it.
var ErrPinLost = errors.New("the server closed the connection that it had authenticated")

// Pin is one connection to the server that belongs to one client connection.
// NTLM and Negotiate authenticate the connection, not the request (MS-NTHT 1.3):
// a second client on it would be served under the first one's name.
//
// Its requests come one after the other, as they do on an HTTP/1.1 connection:
// Do, the answer's Close and Rest must not overlap. Close may come at any time.
type Pin struct {
	client *Client
	lost   func()
	opened bool          // the one connection has been dialled
	watch  chan struct{} // closed when the watcher has ended; nil: none runs

	mu     sync.Mutex
	idle   *conn // between two requests
	closed bool
}

// Pin returns a connection of its own for one client connection; it is dialled
// by the first request. lost is called, on a goroutine of its own, when the
// server closes the connection after Rest and before the next request.
func (c *Client) Pin(lost func()) *Pin { return &Pin{client: c, lost: lost} }

// Do is Client.Do on the pinned connection. Nothing is ever sent twice or on
// another connection: after a failure each call is ErrPinLost.
func (p *Pin) Do(ctx context.Context, r *Request) (*Response, error) {
	conn, err := p.take(ctx)
	if err != nil {
		return nil, err
	}
	answer, failed := conn.exchange(ctx, r)
	if failed != nil && failed.Stale() {
		failed.Err = fmt.Errorf("%w: %w", ErrPinLost, failed.Err)
	}
	return answer, plain(failed)
}

func (p *Pin) take(ctx context.Context) (*conn, error) {
	if !p.opened {
		p.opened = true
		conn, err := p.client.dial(ctx)
		if err != nil {
			return nil, err
		}
		conn.home, conn.pinned = p.put, true
		return conn, nil
	}
	p.mu.Lock()
	conn := p.idle
	p.idle = nil
	p.mu.Unlock()
	if conn == nil {
		return nil, ErrPinLost
	}
	p.unwatch(conn)
	if !conn.alive() {
		conn.abort()
		return nil, ErrPinLost
	}
	return conn, nil
}

func (p *Pin) put(c *conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		c.abort()
		return
	}
	p.idle = c
}

// Rest tells the pin that the client connection is idle. From now until the next
// request the server's closing is noticed at once. It returns false where the
// connection has ended already.
func (p *Pin) Rest() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.idle == nil:
		return !p.opened
	case p.watch != nil:
		return true // a second Rest without a request between
	case !p.idle.alive(): // TLS may have read the goodbye along with the answer
		p.idle.abort()
		p.idle = nil
		return false
	}
	if p.idle.raw != nil {
		p.watch = make(chan struct{})
		go p.watchClose(p.idle, p.watch)
	}
	return true
}

func (p *Pin) watchClose(c *conn, done chan struct{}) {
	ended := c.untilReadable()
	close(done) // before lost: it may wait for a request that is just taking the connection
	p.mu.Lock()
	ended = ended && !p.closed // our own Close is not the server's
	p.mu.Unlock()
	if ended {
		p.lost()
	}
}

// unwatch ends the watcher: it must not take the wake-up of the next answer.
func (p *Pin) unwatch(c *conn) {
	if p.watch == nil {
		return
	}
	c.SetReadDeadline(time.Unix(1, 0))
	<-p.watch
	p.watch = nil
	c.SetReadDeadline(time.Time{})
}

// Close ends the connection with its client. A request that is on ends with its
// own context; its connection is not kept.
func (p *Pin) Close() {
	p.mu.Lock()
	conn := p.idle
	p.idle, p.closed = nil, true
	p.mu.Unlock()
	if conn != nil {
		conn.Close() // outside the lock: TLS says goodbye first, which may block
	}
}
