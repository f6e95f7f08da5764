package upstream

import (
	"context"
	"errors"
	"sync/atomic"
	"syscall"
	"time"
)

// Pending is a request that has gone up and whose answer has not been asked for.
// It is what a held wait costs here: its connection and a few words. No goroutine
// stands behind it, and no buffer.
type Pending struct {
	ctx      context.Context
	stop     func() bool // unties the connection from ctx
	conn     *conn
	send     *sending // nil: no Stream
	interim  func(int, []Field)
	bodiless bool // the request was a HEAD
	closing  bool // the write failed: the connection ends with what the server has said before

	before counters // of the connection, before the request went out
	began  time.Time

	// For a second sending, which only a kept connection's death can ask for.
	client  *Client                 // nil: the connection was fresh
	request atomic.Pointer[Request] // nil: it will not go out again
}

// Start is the first half of Do: it takes or makes a connection and writes the
// request, a second time on a fresh one where the writing shows that a kept one
// was dead. Answer is the second half. In between nothing of ours runs for the
// request, unless it has a Stream.
//
// After Start without error Answer must be called exactly once, or the connection
// leaks: nobody else closes it or gives it back. Cancelling ctx closes it at once,
// and Answer says why; but who watches the descriptor with epoll is told nothing
// of that (epoll(7): a closed descriptor leaves the set), so who cancels sees to
// it that Answer is called.
//
// r must not be changed until Answer has returned. Start keeps it only where it may
// go out again: on a kept connection, and hardly longer than repeatLimit (fading.go).
// Errors are those of Do.
func (c *Client) Start(ctx context.Context, r *Request) (*Pending, error) {
	p, err := c.start(ctx, r)
	if err != nil {
		return nil, err
	}
	c.fading.add(p)
	return p, nil
}

// Socket is where the answer will show: it becomes readable, or ends. It is the
// socket under TLS, which may become readable for less than an answer (a session
// ticket): Answer blocks then, as always. nil: there is nothing to watch (a
// connection in memory), or no need to (the answer is there), and Answer is the way.
func (p *Pending) Socket() syscall.RawConn {
	if p.conn.reader != nil {
		return nil
	}
	return p.conn.raw
}

// Answer is the second half of Do: it blocks until the head of the answer is
// there. Where it finds that a kept connection was dead, the request goes out
// again as with Do, on a fresh connection and within Answer. "Dead at once" is
// counted from the sending (repeatLimit), so Answer should follow soon when the
// socket says that it has ended.
func (p *Pending) Answer() (*Response, error) {
	request := p.request.Swap(nil)
	answer, err := p.await()
	if p.client == nil || !p.client.again(p.ctx, request, err) {
		return answer, plain(err)
	}
	second, err := p.client.startFresh(p.ctx, request)
	if err != nil {
		return nil, err
	}
	answer, err = second.await()
	return answer, plain(err)
}

// keepFor keeps r for a second sending, where there may be one at all.
func (p *Pending) keepFor(c *Client, r *Request) {
	p.client = c
	if r.Repeatable || p.before.known {
		p.request.Store(r)
	}
}

// start writes r. On an error the connection is closed and nothing reads the
// request's body any more.
func (c *conn) start(ctx context.Context, r *Request) (*Pending, *Error) {
	if ctx.Err() != nil { // too late: nobody waits, nothing has to go out
		c.abort()
		return nil, &Error{Phase: Await, Err: context.Cause(ctx)}
	}
	p := &Pending{
		ctx: ctx, conn: c, interim: r.Interim, bodiless: r.Method == "HEAD",
		before: c.counters(r), began: time.Now(),
	}
	p.stop = tie(ctx, c.abort)
	length, err := r.write(c)
	if err != nil && !p.answeredAnyway(err) {
		return nil, p.failed(&Error{Phase: Await, Err: err})
	}
	if err == nil && r.Stream != nil {
		p.send = newSending(c, r, length)
		go p.send.run()
	}
	return p, nil
}

// answeredAnyway looks, after a failed write, for the answer of a server that
// did not want to read the request (413, 503) and closed. If there is one, it was
// there before the RST. The time limit is for TLS that cannot write but read.
func (p *Pending) answeredAnyway(err error) bool {
	if errors.Is(err, errRequest) || p.ctx.Err() != nil {
		return false
	}
	p.closing = true
	p.conn.SetReadDeadline(time.Now().Add(time.Second))
	defer p.conn.SetReadDeadline(time.Time{})
	return p.conn.awaitAnswer() == nil
}

// await reads the answer's head.
func (p *Pending) await() (*Response, *Error) {
	x := &Response{
		ctx: p.ctx, conn: p.conn, interim: p.interim, bodiless: p.bodiless,
		send: p.send, stop: p.stop, closing: p.closing,
	}
	if err := x.await(); err != nil {
		return nil, p.failed(err)
	}
	return x, nil
}

// failed ends the exchange and completes what went wrong.
func (p *Pending) failed(err *Error) *Error {
	p.stop()
	err.reused, err.late = p.conn.answered > 0, time.Since(p.began) >= repeatLimit
	if err.Stale() && p.conn.untaken(p.before, err.Err) { // asked before the close: the numbers go with the socket
		err.untaken = true
		p.conn.reset()
	}
	p.conn.release(false)
	if p.send != nil {
		p.send.end()
	}
	err.Err = withCause(p.ctx, err.Err)
	return err
}
