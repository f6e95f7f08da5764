package upstream

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

var errPhoneLeft = errors.New("the phone left")

// cancelled does one exchange that is cancelled at the given moment and expects
// its error to name the phase and the cause.
func cancelled(t *testing.T, c *Client, r *Request, now <-chan bool, phase Phase) {
	t.Helper()
	ctx, cancel := context.WithCancelCause(context.Background())
	if now == nil {
		r.Interim = func(int, []Field) { cancel(errPhoneLeft) }
	} else {
		go func() { <-now; cancel(errPhoneLeft) }()
	}
	x, err := c.Do(ctx, r)
	if err == nil {
		cancel(errPhoneLeft)
		_, err = io.ReadAll(x.Body)
		x.Close()
	}
	if e := new(Error); !errors.As(err, &e) || !errors.Is(err, errPhoneLeft) || e.Phase != phase {
		t.Errorf("%v, want the cause in phase %v", err, phase)
	}
	if c.Idle() != 0 {
		t.Error("the connection is kept")
	}
}

func TestCancelClosesTheConnectionInEachPhase(t *testing.T) {
	both(t, func(t *testing.T, serve func(testing.TB, func(*peer)) *server) {
		for answer, phase := range map[string]Phase{
			"":                            Await,
			"HTTP/1.1 102 Processing\n\n": Head,
			"HTTP/1.1 102 Processing\n\nHTTP/1.1 200 OK\nContent-Le":        Head,
			"HTTP/1.1 200 OK\n\nunfinished":                                 Body,
			"HTTP/1.1 200 OK\nContent-Length: 9\n\nunfi":                    Body,
			"HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n2\nok\n0\n":     Body,
			"HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n2\nok\n0\nA: b": Body,
		} {
			var now chan bool
			if phase == Await {
				now = make(chan bool)
			}
			gone := make(chan bool)
			s := serve(t, func(p *peer) {
				p.request()
				p.say(answer)
				if now != nil {
					close(now)
				}
				p.rest() // returns when the client has closed
				close(gone)
			})
			cancelled(t, s.client(Config{}), get(), now, phase)
			<-gone
		}
	})
}

func TestCancelWhileTheBodyGoesUp(t *testing.T) {
	both(t, func(t *testing.T, serve func(testing.TB, func(*peer)) *server) {
		// The server reads nothing: the write is blocked, and so would be TLS's goodbye.
		now, done := make(chan bool), make(chan bool)
		s := serve(t, func(p *peer) { p.head(); close(now); <-done })
		cancelled(t, s.client(Config{}), post(strings.Repeat("x", 32<<20)), now, Await)
		close(done)

		// The client sends nothing: its body is interrupted.
		now = make(chan bool)
		s = serve(t, func(p *peer) { p.head(); close(now); p.rest() })
		u, r := newUpload()
		if cancelled(t, s.client(Config{}), r, now, Await); !u.interrupted {
			t.Error("the body was not interrupted")
		}
	})
}

func TestCancelBeforeAnythingSendsNothing(t *testing.T) {
	s := serve(t, func(p *peer) {
		p.request()
		p.say(ok)
		if got := p.rest(); got != "" {
			p.t.Errorf("the server got %q", got)
		}
	})
	c := s.client(Config{})
	must(t, c, get())
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(errPhoneLeft)
	for range 2 { // on a kept connection, and while dialling
		if _, err := c.Do(ctx, get()); !errors.Is(err, errPhoneLeft) {
			t.Errorf("%v", err)
		}
	}
}

func TestCancelDuringTheHandshake(t *testing.T) {
	now := make(chan bool)
	s := serve(t, func(p *peer) { p.in.Peek(1); close(now); p.rest() }) // says nothing to the ClientHello
	cancelled(t, s.tlsClient(Config{}), get(), now, Handshake)
}

// A cancel after Close must not reach the connection, which is another's by then.
func TestCancelAfterCloseLeavesTheConnectionAlone(t *testing.T) {
	s := serve(t, keepAnswering(ok))
	c := s.client(Config{})
	for range 200 {
		ctx, cancel := context.WithCancel(context.Background())
		x, err := c.Do(ctx, get())
		if err != nil {
			t.Fatal(err)
		}
		finish(t, x)
		cancel()
	}
	if s.connections() != 1 {
		t.Errorf("%d connections", s.connections())
	}
}

func TestConnectionThatACancelIsClosingIsNotKept(t *testing.T) {
	s := serve(t, keepAnswering(ok))
	c := s.client(Config{})
	ctx, cancel := context.WithCancel(context.Background())
	x, err := c.Do(ctx, get())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(x.Body); err != nil {
		t.Fatal(err)
	}
	cancel()
	x.Close()
	if c.Idle() != 0 {
		t.Error("it is kept")
	}
}

// slowGoodbye closes as TLS does where the server does not read.
type slowGoodbye struct{ net.Conn }

func (c slowGoodbye) Close() error {
	time.Sleep(5 * time.Second)
	return c.Conn.Close()
}

func TestCancelDoesNotWaitToSayGoodbye(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		defer theirs.Close()
		go func() { _, _ = theirs.Read(make([]byte, 4096)) }()
		ctx, cancel := context.WithCancelCause(context.Background())
		time.AfterFunc(time.Minute, func() { cancel(errPhoneLeft) })
		began := time.Now()
		_, err := newConn(slowGoodbye{ours}, ours).exchange(ctx, get())
		if took := time.Since(began); !errors.Is(err, errPhoneLeft) || took != time.Minute {
			t.Errorf("%v after %v", err, took)
		}
	})
}

// A cancel that races with Close may end the connection, but never later on the
// next exchange's watch.
func TestCancelThatRacesWithCloseNeverHurtsTheNextExchange(t *testing.T) {
	s := serve(t, keepAnswering(ok))
	c := s.client(Config{})
	for range 300 {
		ctx, cancel := context.WithCancel(context.Background())
		x, err := c.Do(ctx, get())
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.ReadAll(x.Body)
		go cancel()
		x.Close()
		must(t, c, get())
	}
}

func TestServerThatCannotBeReachedIsADialError(t *testing.T) {
	s := serve(t, func(*peer) {})
	s.stop()
	c := s.client(Config{})
	e := new(Error)
	if _, err := c.Do(context.Background(), get()); !errors.As(err, &e) || e.Phase != Dial {
		t.Errorf("Do: %v", err)
	}
	if err := c.Reach(context.Background()); !errors.As(err, &e) || e.Phase != Dial {
		t.Errorf("Reach: %v", err)
	}
}

func TestReachNeedsTheServersCertificateToo(t *testing.T) {
	s := serveTLS(t, func(p *peer) { p.rest() })
	if err := s.client(Config{}).Reach(context.Background()); err != nil {
		t.Error(err)
	}
	stranger := New(Config{Address: s.addr, TLS: &tls.Config{}})
	err := stranger.Reach(context.Background())
	if e := new(Error); !errors.As(err, &e) || e.Phase != Handshake {
		t.Errorf("%v", err)
	}
}

func TestServerThatNeverShakesHandsIsATimeout(t *testing.T) {
	s := serve(t, func(p *peer) { p.rest() })
	err := s.tlsClient(Config{DialTimeout: 20 * time.Millisecond}).Reach(context.Background())
	if timeout := net.Error(nil); !errors.As(err, &timeout) || !timeout.Timeout() {
		t.Errorf("%v", err)
	}
}

// There is no limit of ours on how long an answer may take.
func TestAnswerMayTakeAnHour(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		defer theirs.Close()
		go func() {
			_, _ = theirs.Read(make([]byte, 4096))
			time.Sleep(time.Hour)
			_, _ = io.WriteString(theirs, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no")
			time.Sleep(time.Hour)
			_, _ = io.WriteString(theirs, "k")
		}()
		x, err := newConn(ours, ours).exchange(context.Background(), get())
		if err != nil {
			t.Fatal(err)
		}
		if body := finish(t, x); body != "ok" {
			t.Errorf("%q", body)
		}
	})
}
