package upstream

import (
	"bufio"
	"context"
	"errors"
	"net"
	"sync"
	"syscall"
	"time"
)

// conn is one connection to the server. At most one exchange uses it at a time.
type conn struct {
	net.Conn                 // TLS or the raw one
	raw      syscall.RawConn // nil where the kernel cannot be asked (in-memory tests)
	home     *pool           // where it rests between requests; nil: nowhere
	used     bool            // has carried a request before
	since    time.Time       // idle since

	first     [1]byte // the answer's first byte, read before a buffer is taken
	haveFirst bool
	reader    *bufio.Reader // only while an answer is being read
}

func newConn(c, raw net.Conn) *conn {
	conn := &conn{Conn: c}
	if s, ok := raw.(syscall.Conn); ok {
		conn.raw, _ = s.SyscallConn()
	}
	return conn
}

var readers = sync.Pool{New: func() any { return bufio.NewReaderSize(nil, 4096) }}

// awaitAnswer blocks until the answer's first byte is there and only then takes
// a read buffer: a wait lasts up to an hour and 4 KiB is half of what it may cost.
func (c *conn) awaitAnswer() error {
	if c.reader != nil { // a 1xx was read before
		return nil
	}
	for {
		n, err := c.Conn.Read(c.first[:])
		if n == 1 {
			break
		}
		if err != nil {
			return err
		}
	}
	c.haveFirst = true
	c.reader = readers.Get().(*bufio.Reader)
	c.reader.Reset((*firstByte)(c))
	return nil
}

// firstByte reads the byte that awaitAnswer took, then the connection.
type firstByte conn

func (f *firstByte) Read(p []byte) (int, error) {
	if f.haveFirst && len(p) > 0 {
		f.haveFirst = false
		p[0] = f.first[0]
		return 1, nil
	}
	return f.Conn.Read(p)
}

// release gives the read buffer back and puts the connection to rest, or closes
// it: bytes after the answer would be read as the next one's head.
func (c *conn) release(keep bool) {
	keep = keep && (c.reader == nil || c.reader.Buffered() == 0)
	c.dropReader()
	c.used = true
	if keep && c.home != nil {
		c.home.put(c)
		return
	}
	c.Close()
}

// dropReader gives the read buffer back to where awaitAnswer takes it.
func (c *conn) dropReader() {
	c.haveFirst = false
	if c.reader == nil {
		return
	}
	c.reader.Reset(nil)
	readers.Put(c.reader)
	c.reader = nil
}

// exchange sends r and reads the head of its answer. On an error the connection
// is closed.
func (c *conn) exchange(ctx context.Context, r *Request) (*Response, *Error) {
	x := &Response{conn: c, request: r}
	x.stop = context.AfterFunc(ctx, func() { c.Close() })
	before, provable := c.acked(r)
	err := x.run()
	if err == nil {
		return x, nil
	}
	x.stop()
	err.reused = c.used
	if err.Stale() && provable {
		// Asked before Close: the numbers go with the socket.
		after, ok := c.bytesAcked()
		err.untaken = ok && after == before
	}
	c.release(false)
	x.interruptSending()
	if ctx.Err() != nil {
		err.Err = errors.Join(context.Cause(ctx), err.Err)
	}
	return nil, err
}
