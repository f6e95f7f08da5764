package upstream

import (
	"context"
	"errors"
	"time"
)

// ErrPinLost says that a pinned connection has ended. The client connection it
// belonged to must end too: what the server knew of the client died with it.
var ErrPinLost = errors.New("the server closed the connection that it had authenticated")

// Pin is one connection to the server that belongs to one client connection.
// NTLM and Negotiate authenticate the connection, not the request (MS-NTHT 1.3):
// a second client on it would be served under the first one's name.
//
// Its requests come one after the other, as they do on an HTTP/1.1 connection.
type Pin struct {
	client *Client
	rest   pool
	opened bool
	watch  chan struct{} // closed when the watcher has ended; nil: none runs
	lost   func()
}

// Pin returns a connection of its own for one client connection; it is dialled
// by the first request. lost is called, on a goroutine of its own, when the
// server closes the connection between two requests.
func (c *Client) Pin(lost func()) *Pin {
	return &Pin{client: c, rest: pool{max: 1, timeout: 24 * time.Hour}, lost: lost}
}

// Do is Client.Do on the pinned connection. Nothing is ever sent twice or on
// another connection: after a failure each call is ErrPinLost.
func (p *Pin) Do(ctx context.Context, r *Request) (*Response, error) {
	conn, err := p.take(ctx)
	if err != nil {
		return nil, err
	}
	answer, failed := conn.exchange(ctx, r)
	if failed != nil && failed.Stale() {
		failed.Err = errors.Join(ErrPinLost, failed.Err)
	}
	return answer, plain(failed)
}

func (p *Pin) take(ctx context.Context) (*conn, error) {
	if !p.opened {
		p.opened = true
		conn, err := p.client.dial(ctx)
		if err == nil {
			conn.home = &p.rest
		}
		return conn, err
	}
	conn := p.rest.pop()
	if conn == nil {
		return nil, ErrPinLost
	}
	p.unwatch(conn)
	if !conn.alive() {
		conn.Close()
		return nil, ErrPinLost
	}
	return conn, nil
}

// Rest tells the pin that the client connection is idle. From now until the next
// request the server's closing is noticed at once. It returns false where the
// connection has ended already.
func (p *Pin) Rest() bool {
	conn := p.rest.pop()
	if conn == nil {
		return !p.opened
	}
	p.rest.push(conn)
	if p.watch == nil && conn.raw != nil {
		p.watch = make(chan struct{})
		go p.watchClose(conn, p.watch)
	}
	return true
}

func (p *Pin) watchClose(c *conn, done chan struct{}) {
	defer close(done)
	if c.untilReadable() {
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

// Close ends the connection with its client.
func (p *Pin) Close() { p.rest.closeAll() }
