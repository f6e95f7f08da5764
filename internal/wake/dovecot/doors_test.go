package dovecot

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/diastole/diastole/internal/wake"
)

// connection knows whether it was closed.
type connection struct {
	net.Conn
	closed bool
}

func (c *connection) Close() error { c.closed = true; return nil }

func TestBeyondTheLimitAnIdleConnectionMakesRoom(t *testing.T) {
	d := newDoors(2)
	var first, second, third, fourth connection
	for _, c := range []*connection{&first, &second} {
		d.state(c, http.StateNew)
		d.state(c, http.StateActive)
	}
	d.state(&third, http.StateNew)
	if first.closed || second.closed || !third.closed {
		t.Error("with all busy the new one is to be closed at once, not left waiting")
	}
	d.state(&third, http.StateClosed)
	d.state(&second, http.StateIdle)
	d.state(&fourth, http.StateNew)
	if first.closed || !second.closed || fourth.closed {
		t.Error("the idle one was to make room")
	}
	d.state(&second, http.StateClosed)
	if len(d.open) != 2 {
		t.Errorf("%d are counted", len(d.open))
	}
}

// pipes is a listener without a network, whose time can be a bubble's.
type pipes struct {
	calls  chan net.Conn
	closed chan struct{}
}

func newPipes() *pipes { return &pipes{make(chan net.Conn), make(chan struct{})} }

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.calls:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { close(p.closed); return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{} }

func (p *pipes) dial() net.Conn {
	ours, theirs := net.Pipe()
	p.calls <- theirs
	return ours
}

// cut waits until the other side closes, and says how long that took.
func cut(c net.Conn) time.Duration {
	begin := time.Now()
	_, _ = io.Copy(io.Discard, c)
	return time.Since(begin)
}

func TestWhoIsSlowOrIdleForTooLongIsCut(t *testing.T) {
	const head = "POST /lua HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + secret + "\r\n"
	whole := fmt.Sprintf("%sContent-Length: %d\r\n\r\n%s", head, len(luaNotice), luaNotice)
	for _, c := range []struct {
		name, said string
		answered   bool
		after      time.Duration
	}{
		{"says nothing", "", false, 5 * time.Second},
		{"half a header", head, false, 5 * time.Second},
		{"no body", head + "Content-Length: 100\r\n\r\n{", false, 5 * time.Second},
		{"idle after an answer", whole, true, time.Minute},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				network := newPipes()
				s := serve(Config{Token: secret}, network)
				defer s.Close()
				conn := network.dial()
				defer conn.Close()
				if _, err := io.WriteString(conn, c.said); err != nil {
					t.Fatal(err)
				}
				if c.answered {
					if answer, err := http.ReadResponse(bufio.NewReader(conn), nil); err != nil || answer.StatusCode != 204 {
						t.Fatalf("%v, %v", answer, err)
					}
				}
				if took := cut(conn); took != c.after {
					t.Errorf("cut after %v, want %v", took, c.after)
				}
			})
		})
	}
}

func TestTheEndpointBoundsItsConnections(t *testing.T) {
	w := newWorld(t, wake.Users{})
	for range mostConnections { // none of them says a word
		c, err := net.Dial("tcp", w.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
	}
	c, err := net.Dial("tcp", w.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if n, err := c.Read(make([]byte, 1)); err == nil {
		t.Errorf("%d octets for one too many", n)
	}
}
