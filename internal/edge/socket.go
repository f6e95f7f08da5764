package edge

import (
	"bufio"
	"errors"
	"net"
	"os"
	"sync"
	"syscall"
	"time"
)

// socket is the connection below TLS. It bounds each write, knows the address
// that a PROXY header gave, and reports when it is closed.
type socket struct {
	net.Conn
	limit  time.Duration
	remote net.Addr
	// early holds bytes that came together with the PROXY header: the start of
	// the TLS hello. Nil when they are read.
	early *bufio.Reader

	slow   func() // a write ran into the limit
	closed func() // called once
	once   sync.Once
	turned bool   // over the limit of connections: requests are answered 503
	trust  *trust // what was asked of its client in the handshake

	mu    sync.Mutex
	gone  bool      // it was closed
	leave func()    // called then; nil: its address is not counted
	asked time.Time // the deadline that the layers above have set; zero = none
	renew time.Time // until then the deadline in force is fresh enough
}

// Read returns what came with the PROXY header first.
func (c *socket) Read(p []byte) (int, error) {
	if c.early == nil {
		return c.Conn.Read(p)
	}
	n, err := c.early.Read(p)
	if c.early.Buffered() == 0 {
		c.early = nil
	}
	return n, err
}

// Write fails when the client has not taken p within the limit. Without a
// limit a client that asks for a large attachment and does not read it keeps
// its connection, its upstream connection and their buffers for ever. The
// limit is on one write and not on the answer: an answer may begin after an
// hour and last for another.
func (c *socket) Write(p []byte) (int, error) {
	c.arm(time.Now())
	n, err := c.Conn.Write(p)
	if err != nil && errors.Is(err, os.ErrDeadlineExceeded) && c.unasked() {
		c.slow()
	}
	return n, err
}

// arm puts the write deadline to now + limit. One that has lost less than a
// sixteenth of the limit is left as it is: that makes 70 ns of 240 a write
// (BenchmarkWriteLimit), and a slow reader is cut that much earlier.
func (c *socket) arm(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !now.Before(c.renew) {
		// An error means that the connection is closed, and the write says so.
		_ = c.setLocked(now)
	}
}

// SetWriteDeadline is heard where it is stricter than the limit. http.Server
// takes the deadline off after each request, before any write: that changes
// nothing and costs nothing.
func (c *socket) SetWriteDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if t.IsZero() && c.asked.IsZero() {
		return nil
	}
	c.asked = t
	return c.setLocked(time.Now())
}

func (c *socket) setLocked(now time.Time) error {
	due := now.Add(c.limit)
	if !c.asked.IsZero() && c.asked.Before(due) {
		due = c.asked
	}
	c.renew = now.Add(c.limit / 16)
	return c.Conn.SetWriteDeadline(due)
}

// SetDeadline sets both.
func (c *socket) SetDeadline(t time.Time) error {
	if err := c.SetWriteDeadline(t); err != nil {
		return err
	}
	return c.Conn.SetReadDeadline(t)
}

func (c *socket) unasked() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.asked.IsZero()
}

// RemoteAddr is the client's address: the PROXY header's where there was one.
func (c *socket) RemoteAddr() net.Addr {
	if c.remote != nil {
		return c.remote
	}
	return c.Conn.RemoteAddr()
}

// Close closes the connection and gives its place to another.
func (c *socket) Close() error {
	err := c.Conn.Close()
	c.once.Do(func() {
		c.mu.Lock()
		c.gone = true
		leave := c.leave
		c.mu.Unlock()
		if leave != nil {
			leave()
		}
		c.closed()
	})
	return err
}

// counts has leave called when the connection is closed, which it may be already: one
// that is turned away is closed by a timer.
func (c *socket) counts(leave func()) {
	c.mu.Lock()
	c.leave = leave
	gone := c.gone
	c.mu.Unlock()
	if gone {
		leave()
	}
}

// SyscallConn reaches the descriptor, for TCP_INFO. Behind a balancer that is
// the connection to the balancer.
func (c *socket) SyscallConn() (syscall.RawConn, error) {
	if raw, ok := c.Conn.(syscall.Conn); ok {
		return raw.SyscallConn()
	}
	return nil, errors.ErrUnsupported
}
