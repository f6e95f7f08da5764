package lab

import (
	"context"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// Pipe is a network in memory: a net.Listener and the way to dial it. Its connections behave like TCP's (buffered,
// half-close, RST after SetLinger(0), deadlines) but every wait in them is one that testing/synctest understands, so
// a whole world of server, firewall and phones runs in a bubble and an hour passes in a millisecond.
type Pipe struct {
	backlog chan net.Conn
	done    chan struct{}
	once    sync.Once
	ports   atomic.Int32
}

// NewPipe makes a network with nobody on it.
func NewPipe() *Pipe {
	return &Pipe{backlog: make(chan net.Conn, 128), done: make(chan struct{})}
}

// Dial connects to the listener. It has the signature of http.Transport.DialContext; network and address are ignored.
func (p *Pipe) Dial(ctx context.Context, _, _ string) (net.Conn, error) {
	there, here := newStream(), newStream()
	client := &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 1024 + int(p.ports.Add(1)%60000)}
	near := &pipeConn{in: here, out: there, local: client, remote: p.Addr()}
	far := &pipeConn{in: there, out: here, local: p.Addr(), remote: client}
	select {
	case <-p.done: // asked first, or a closed listener would take a connection now and then
		return nil, &net.OpError{Op: "dial", Net: "pipe", Err: syscall.ECONNREFUSED}
	default:
	}
	select {
	case p.backlog <- far:
		return near, nil
	case <-p.done:
		return nil, &net.OpError{Op: "dial", Net: "pipe", Err: syscall.ECONNREFUSED}
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Accept implements net.Listener.
func (p *Pipe) Accept() (net.Conn, error) {
	select {
	case c := <-p.backlog:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener. Connections that were accepted stay, those that were not are reset.
func (p *Pipe) Close() error {
	p.once.Do(func() { close(p.done) })
	for {
		select {
		case c := <-p.backlog:
			reset(c)
		default:
			return nil
		}
	}
}

// Addr implements net.Listener. The address says nothing; it only parses.
func (p *Pipe) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(192, 0, 2, 254), Port: 443} }

// pipeConn is one end of a connection.
type pipeConn struct {
	in, out       *stream
	local, remote net.Addr
	hard          atomic.Bool // SetLinger(0): Close sends RST instead of FIN
}

func (c *pipeConn) Read(p []byte) (int, error)  { return c.in.read(p) }
func (c *pipeConn) Write(p []byte) (int, error) { return c.out.write(p) }
func (c *pipeConn) LocalAddr() net.Addr         { return c.local }
func (c *pipeConn) RemoteAddr() net.Addr        { return c.remote }

// SetLinger has *net.TCPConn's meaning for 0: unsent data is dropped and the peer reads ECONNRESET.
func (c *pipeConn) SetLinger(sec int) error { c.hard.Store(sec == 0); return nil }

// CloseWrite sends FIN and goes on reading.
func (c *pipeConn) CloseWrite() error { c.out.end(io.EOF); return nil }

// Close ends both directions. What the peer writes afterwards is answered with RST, as a kernel does.
func (c *pipeConn) Close() error {
	last := error(io.EOF)
	if c.hard.Load() {
		last = syscall.ECONNRESET
		c.out.drop()
	}
	c.out.end(last)
	c.in.shut(net.ErrClosed, syscall.ECONNRESET)
	c.out.shut(nil, net.ErrClosed)
	return nil
}

func (c *pipeConn) SetReadDeadline(t time.Time) error  { c.in.readBy.set(c.in, t); return nil }
func (c *pipeConn) SetWriteDeadline(t time.Time) error { c.out.writeBy.set(c.out, t); return nil }
func (c *pipeConn) SetDeadline(t time.Time) error {
	c.in.readBy.set(c.in, t)
	c.out.writeBy.set(c.out, t)
	return nil
}
