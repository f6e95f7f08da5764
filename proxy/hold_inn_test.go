package proxy

import (
	"errors"
	"net"
	"sync"
	"sync/atomic"
)

// inn is a listener that takes its connections back, as the one of internal/edge
// does: what leaves it can be parked.
type inn struct {
	net.Listener
	arrive chan net.Conn
	gone   chan struct{}
	once   sync.Once

	outdated atomic.Bool // clients are asked for other certificates
}

func newInn(doors net.Listener) *inn {
	i := &inn{Listener: doors, arrive: make(chan net.Conn, 1024), gone: make(chan struct{})}
	go func() {
		for {
			c, err := doors.Accept()
			if err != nil {
				return
			}
			i.take(&guest{Conn: c, inn: i})
		}
	}()
	return i
}

func (i *inn) take(c net.Conn) {
	select {
	case i.arrive <- c:
	case <-i.gone:
		c.Close()
	}
}

func (i *inn) Accept() (net.Conn, error) {
	select {
	case c := <-i.arrive:
		return c, nil
	case <-i.gone:
		return nil, net.ErrClosed
	}
}

func (i *inn) Close() error {
	i.once.Do(func() { close(i.gone) })
	return i.Listener.Close()
}

// guest is a connection of an inn.
type guest struct {
	net.Conn
	inn   *inn
	ahead []byte // comes before what is read from the socket
}

func (g *guest) NetConn() net.Conn { return g.Conn }

func (g *guest) Read(p []byte) (int, error) {
	if len(g.ahead) > 0 {
		n := copy(p, g.ahead)
		g.ahead = g.ahead[n:]
		return n, nil
	}
	return g.Conn.Read(p)
}

func (g *guest) GiveBack(ahead []byte) {
	g.ahead = append(append([]byte(nil), ahead...), g.ahead...)
	go g.inn.take(g) // whoever gives back may hold locks
}

func (g *guest) ReadAhead() bool { return len(g.ahead) > 0 }

func (g *guest) Outdated() bool { return g.inn.outdated.Load() }

// CloseWrite is what http.Server needs to end an answer in order.
func (g *guest) CloseWrite() error {
	if half, ok := g.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return errors.ErrUnsupported
}
