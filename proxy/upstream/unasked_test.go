package upstream

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"os"
	"testing"
	"time"
)

const forged = "HTTP/1.1 200 Forged\nContent-Length: 6\n\nforged"

// Bytes that come while nobody has asked must not answer the next request: they
// are a fault of the server or somebody's response splitting (RFC 9112 11.1).
func TestUnaskedBytesNeverBecomeAnAnswer(t *testing.T) {
	both(t, func(t *testing.T, serve func(testing.TB, func(*peer)) *server) {
		said := make(chan bool)
		s := serve(t, func(p *peer) {
			p.request()
			p.say(ok)
			if p.number == 1 {
				<-said
				p.say(forged)
				said <- true
			}
			p.rest()
		})
		c := s.client(Config{})
		must(t, c, get())
		said <- true
		<-said
		idle := c.idle.conns[0]
		until(t, "the bytes", func() bool { return !idle.alive() })
		if _, body := must(t, c, get()); body != "ok" || s.connections() != 2 {
			t.Errorf("%q on connection %d", body, s.connections())
		}
	})
}

func TestUnaskedBytesEndAPin(t *testing.T) {
	both(t, func(t *testing.T, serve func(testing.TB, func(*peer)) *server) {
		asked, said := make(chan bool), make(chan bool)
		s := serve(t, func(p *peer) {
			p.request()
			p.say(ok)
			<-asked
			p.say(forged)
			said <- true
			p.rest()
		})
		p := s.client(Config{}).Pin(func() { t.Error("told besides") })
		defer p.Close()
		pinned(t, p, get())
		close(asked)
		<-said
		until(t, "the bytes", func() bool { return !p.idle.alive() })
		if _, err := p.Do(context.Background(), get()); !errors.Is(err, ErrPinLost) {
			t.Errorf("%v", err)
		}
	})
}

// With TLS the bytes may have left the kernel: one read fetches several records.
func TestUnaskedRecordThatTLSHasReadAheadNeverBecomesAnAnswer(t *testing.T) {
	for name, follow := range map[string]func(*tls.Conn) error{
		"an answer": func(c *tls.Conn) error {
			_, err := c.Write([]byte("HTTP/1.1 200 Forged\r\nContent-Length: 0\r\n\r\n"))
			return err
		},
		"a goodbye": func(c *tls.Conn) error { return c.CloseWrite() },
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, func(p *peer) {
				together := &oneSegment{TCPConn: p.socket}
				secure := tls.Server(together, &tls.Config{Certificates: []tls.Certificate{certificate()}})
				p.Conn, p.in = secure, newBuffered(secure)
				p.request()
				if p.number > 1 {
					p.say(ok)
					return
				}
				together.hold = true
				p.say(ok)
				if err := follow(secure); err != nil {
					p.t.Error(err)
				}
				together.flush()
				p.rest()
			})
			c := s.tlsClient(Config{})
			must(t, c, get())
			idle := c.idle.conns[0]
			if idle.readable() {
				t.Skip("the records came apart: nothing was read ahead")
			}
			if idle.alive() {
				t.Error("the connection passes for alive")
			}
			c.idle.keeps = true
			if x, body := must(t, c, post("mail")); body != "ok" || x.Status != 200 || s.connections() != 2 {
				t.Errorf("%q on connection %d", body, s.connections())
			}
		})
	}
}

// oneSegment gathers what TLS writes.
type oneSegment struct {
	*net.TCPConn
	hold bool
	held []byte
}

func (s *oneSegment) Write(p []byte) (int, error) {
	if !s.hold {
		return s.TCPConn.Write(p)
	}
	s.held = append(s.held, p...)
	return len(p), nil
}

func (s *oneSegment) flush() {
	_ = s.SetWriteDeadline(time.Time{}) // TLS's goodbye sets one
	_, _ = s.TCPConn.Write(s.held)
}

// crypto/tls must come out of the look for bytes unharmed, or each connection
// would end after its first answer.
func TestLookingIntoTLSDoesNotHurtIt(t *testing.T) {
	s := serveTLS(t, keepAnswering(ok))
	c := s.client(Config{})
	must(t, c, get())
	idle := c.idle.conns[0]
	for range 3 {
		if !idle.alive() {
			t.Fatal("passes for dead")
		}
	}
	idle.SetReadDeadline(time.Unix(1, 0))
	if _, err := idle.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatal(err)
	}
	idle.SetReadDeadline(time.Time{})
	if must(t, c, post("mail")); s.connections() > 2 {
		t.Errorf("%d connections", s.connections())
	}
}
