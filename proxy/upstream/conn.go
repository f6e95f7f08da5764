package upstream

import (
	"bufio"
	"context"
	"errors"
	"net"
	"os"
	"sync"
	"syscall"
	"time"
)

// conn is one connection to the server. At most one exchange uses it at a time.
type conn struct {
	net.Conn                 // TLS or the socket. Its Close says TLS's goodbye first, which may block
	socket   net.Conn        // under TLS, or the same
	raw      syscall.RawConn // nil where the kernel cannot be asked (in-memory tests)
	home     func(*conn)     // takes it between two requests; nil: it ends with its exchange
	pinned   bool            // it belongs to one client connection
	answered int             // exchanges it has carried to their end
	since    time.Time       // idle since

	first     [1]byte // the answer's first byte, read before a buffer is taken
	haveFirst bool
	reader    *bufio.Reader // only while an answer is being read
}

func newConn(c, socket net.Conn) *conn {
	conn := &conn{Conn: c, socket: socket}
	if s, ok := socket.(syscall.Conn); ok {
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

// exchange sends r and reads the head of its answer. On an error the connection
// is closed and nothing reads the request's body any more.
func (c *conn) exchange(ctx context.Context, r *Request) (*Response, *Error) {
	p, err := c.start(ctx, r)
	if err != nil {
		return nil, err
	}
	return p.await()
}

// release gives the read buffer back and puts the connection to rest, or closes
// it: bytes after the answer would be read as the next one's head.
func (c *conn) release(keep bool) {
	keep = keep && c.home != nil && (c.reader == nil || c.reader.Buffered() == 0)
	c.dropReader()
	if !keep {
		c.abort()
		return
	}
	c.answered++
	c.home(c)
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

// abort closes the connection at once. TLS's goodbye would wait for a server that
// does not read, up to 5 s, with the phone's handler or the cancel waiting for it.
func (c *conn) abort() { c.socket.Close() }

// reset closes the connection with a RST: the kernel drops what it has not sent
// instead of going on to send it. A request that is about to go out a second
// time must not arrive late on the first connection.
func (c *conn) reset() {
	if tcp, ok := c.socket.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	c.abort()
}

// alive reports whether an idle connection can still be used: nothing to read
// is alive; end of stream, an error, or bytes nobody asked for are not.
func (c *conn) alive() bool { return c.silentTLS() && (c.raw == nil || !c.readable()) }

// silentTLS looks at what TLS has read ahead of us, which the kernel does not know
// of any more: a goodbye, or an answer to a request that was never made.
func (c *conn) silentTLS() bool {
	if c.Conn == c.socket {
		return true
	}
	var b [1]byte
	c.Conn.SetReadDeadline(time.Unix(1, 0))
	n, err := c.Conn.Read(b[:])
	c.Conn.SetReadDeadline(time.Time{})
	return n == 0 && errors.Is(err, os.ErrDeadlineExceeded)
}
