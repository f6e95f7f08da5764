package upstream

import (
	"context"
	"errors"
	"io"
	"net"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func start(t testing.TB, ctx context.Context, c *Client, r *Request) *Pending {
	t.Helper()
	p, err := c.Start(ctx, r)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// answered is the second half of must.
func answered(t testing.TB, p *Pending) string {
	t.Helper()
	x, err := p.Answer()
	if err != nil {
		t.Fatal(err)
	}
	return finish(t, x)
}

func TestNothingRunsBetweenTheHalves(t *testing.T) {
	both(t, func(t *testing.T, serve func(testing.TB, func(*peer)) *server) {
		asked, speak := make(chan bool), make(chan bool)
		s := serve(t, func(p *peer) {
			for p.request() != nil {
				asked <- true
				<-speak
				p.say(ok)
			}
		})
		c := s.client(Config{})
		for range 3 {
			p := start(t, context.Background(), c, post("ping"))
			<-asked
			if p.conn.reader != nil || p.send != nil {
				t.Error("a buffer or a goroutine stands behind it")
			}
			if p.Socket() == nil {
				t.Error("no socket to watch")
			}
			speak <- true
			if body := answered(t, p); body != "ok" {
				t.Errorf("%q", body)
			}
		}
		if c.Idle() == 0 {
			t.Error("the connection is not kept")
		}
	})
}

func TestStartLeavesNoGoroutine(t *testing.T) {
	s := serve(t, keepAnswering(ok))
	c := s.client(Config{})
	must(t, c, get())
	before := runtime.NumGoroutine()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	p := start(t, ctx, c, get())
	if now := runtime.NumGoroutine(); now > before {
		t.Errorf("%d goroutines more", now-before)
	}
	answered(t, p)
}

func TestAnswerThatIsThereBeforeItIsAskedFor(t *testing.T) {
	both(t, func(t *testing.T, serve func(testing.TB, func(*peer)) *server) {
		for _, answer := range []string{ok, "HTTP/1.1 102 Processing\n\n" + ok, "HTTP/1.1 200 OK\nConnection: close\n\nok"} {
			said := make(chan bool)
			s := serve(t, func(p *peer) { p.request(); p.say(answer); p.Close(); close(said) })
			p := start(t, context.Background(), s.client(Config{}), get())
			<-said
			if body := answered(t, p); body != "ok" {
				t.Errorf("%q", body)
			}
		}
	})
}

func TestCancelBetweenTheHalvesClosesTheConnectionAtOnce(t *testing.T) {
	both(t, func(t *testing.T, serve func(testing.TB, func(*peer)) *server) {
		for _, kept := range []bool{false, true} {
			gone := make(chan bool)
			s := serve(t, func(p *peer) {
				p.request()
				if kept {
					p.say(ok)
					p.request()
				}
				p.rest() // returns when the client has closed
				close(gone)
			})
			c := s.client(Config{Stale: func(bool) { t.Error("the server is blamed") }})
			if kept {
				must(t, c, get())
			}
			ctx, cancel := context.WithCancelCause(context.Background())
			p := start(t, ctx, c, get())
			cancel(errPhoneLeft)
			<-gone
			_, err := p.Answer()
			if e := new(Error); !errors.As(err, &e) || e.Phase != Await || !errors.Is(err, errPhoneLeft) {
				t.Errorf("%v", err)
			}
			if c.Idle() != 0 || s.connections() != 1 {
				t.Errorf("%d idle, %d connections", c.Idle(), s.connections())
			}
		}
	})
}

// An answer that has come is lost with the cancel: nobody waits for it.
func TestCancelAfterTheAnswerCameAndBeforeItIsAskedFor(t *testing.T) {
	said := make(chan bool)
	s := serve(t, func(p *peer) { p.request(); p.say(ok); close(said); p.rest() })
	ctx, cancel := context.WithCancelCause(context.Background())
	c := s.client(Config{})
	p := start(t, ctx, c, get())
	<-said
	cancel(errPhoneLeft)
	until(t, "the close", func() bool { return p.conn.SetReadDeadline(time.Time{}) != nil })
	if _, err := p.Answer(); !errors.Is(err, errPhoneLeft) || c.Idle() != 0 {
		t.Errorf("%v, %d idle", err, c.Idle())
	}
}

func TestServerThatClosesBetweenTheHalvesIsAnError(t *testing.T) {
	both(t, func(t *testing.T, serve func(testing.TB, func(*peer)) *server) {
		for how, die := range map[string]func(*peer){"FIN": func(p *peer) { p.Close() }, "RST": (*peer).reset} {
			gone := make(chan bool)
			s := serve(t, func(p *peer) { p.request(); die(p); close(gone) })
			p := start(t, context.Background(), s.client(Config{}), get())
			<-gone
			_, err := p.Answer()
			if e := new(Error); !errors.As(err, &e) || e.Phase != Await || e.Stale() || s.connections() != 1 {
				t.Errorf("%s: %v after %d connections", how, err, s.connections())
			}
		}
	})
}

func TestStreamGoesUpWhileItsAnswerIsPending(t *testing.T) {
	came := make(chan string)
	s := serve(t, func(p *peer) {
		r := p.request()
		body, _ := io.ReadAll(r.Body)
		came <- string(body)
		p.say(ok)
	})
	u, r := newUpload()
	p := start(t, context.Background(), s.client(Config{}), r)
	u.say(t, "piece by ")
	u.say(t, "piece")
	u.Close()
	if got := <-came; got != "piece by piece" {
		t.Errorf("the server got %q", got)
	}
	if body := answered(t, p); body != "ok" {
		t.Errorf("%q", body)
	}
}

func TestStreamThatIsBrokenBetweenTheHalvesIsTheClientsFault(t *testing.T) {
	s := serve(t, func(p *peer) { p.head(); p.rest() })
	u, r := newUpload()
	p := start(t, context.Background(), s.client(Config{}), r)
	u.CloseWithError(errPhoneLeft)
	if _, err := p.Answer(); !errors.Is(err, ErrRequestBody) || !errors.Is(err, errPhoneLeft) {
		t.Errorf("%v", err)
	}
}

func TestRequestThatCannotBeSentIsAnErrorOfStart(t *testing.T) {
	s := serve(t, func(p *peer) { p.rest() })
	r := get()
	r.Target = "/a b"
	_, err := s.client(Config{}).Start(context.Background(), r)
	if e := new(Error); !errors.As(err, &e) || !errors.Is(err, errRequest) {
		t.Errorf("%v", err)
	}
}

// A server that refuses a body which it does not read says so before it closes:
// what Start finds then is the answer, and there is nothing to watch for.
func TestAnswerToARequestThatCouldNotBeWritten(t *testing.T) {
	ours, theirs := net.Pipe()
	go func() {
		_, _ = theirs.Read(make([]byte, 16))
		_, _ = io.WriteString(theirs, strings.ReplaceAll("HTTP/1.1 413 No\nContent-Length: 2\n\nno", "\n", "\r\n"))
		theirs.Close()
	}()
	client := New(Config{Address: "server.test:80", Dial: func(context.Context, string, string) (net.Conn, error) {
		return cannotWrite{ours}, nil
	}})
	p := start(t, context.Background(), client, get())
	if p.Socket() != nil {
		t.Error("a socket to watch, although the answer is there")
	}
	if body := answered(t, p); body != "no" || client.Idle() != 0 {
		t.Errorf("%q, %d idle", body, client.Idle())
	}
}

// cannotWrite gets a piece out and then finds its connection broken.
type cannotWrite struct{ net.Conn }

func (c cannotWrite) Write(b []byte) (int, error) {
	n, _ := c.Conn.Write(b[:1])
	return n, io.ErrClosedPipe
}

func TestPendingAnswerMayTakeAnHour(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, theirs := pipe(t)
		time.Sleep(time.Hour)
		go func() { _, _ = io.WriteString(theirs, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok") }()
		if p.Socket() != nil {
			t.Error("a socket in memory")
		}
		if body := answered(t, p); body != "ok" {
			t.Errorf("%q", body)
		}
	})
}

// pipe is a Ping that waits on a kept connection in memory.
func pipe(t *testing.T) (*Pending, net.Conn) {
	ours, theirs := net.Pipe()
	t.Cleanup(func() { theirs.Close() })
	c := New(Config{Address: "server.test:80", Dial: func(context.Context, string, string) (net.Conn, error) {
		return nil, errors.New("no second server")
	}})
	t.Cleanup(c.Close)
	kept := newConn(ours, ours)
	kept.answered, kept.home = 2, c.home
	c.idle.put(kept)
	go func() { _, _ = theirs.Read(make([]byte, 4096)) }()
	return start(t, context.Background(), c, get()), theirs
}

func TestConnectionThatDiesLateIsNoReasonToAskAgain(t *testing.T) {
	for _, after := range []time.Duration{repeatLimit - 1, repeatLimit, time.Hour} {
		synctest.Test(t, func(t *testing.T) {
			p, theirs := pipe(t)
			time.Sleep(after)
			theirs.Close()
			_, err := p.Answer()
			e := new(Error)
			if !errors.As(err, &e) {
				t.Fatal(err)
			}
			if again := e.Phase == Dial; again != (after < repeatLimit) {
				t.Errorf("died after %v, sent again: %v (%v)", after, again, err)
			}
		})
	}
}

func TestRequestIsDroppedWhenItCannotGoOutAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, theirs := pipe(t)
		time.Sleep(repeatLimit - 1)
		if p.request.Load() == nil {
			t.Error("dropped too early")
		}
		time.Sleep(repeatLimit + 1)
		synctest.Wait()
		if p.request.Load() != nil || p.client.fading.sweeps != nil {
			t.Error("it is kept, or somebody goes on looking")
		}
		theirs.Close()
		if _, err := p.Answer(); err == nil {
			t.Error("answered by nobody")
		}
	})
}

func TestRequestOnAFreshConnectionIsNotKeptAtAll(t *testing.T) {
	s := serve(t, keepAnswering(ok))
	p := start(t, context.Background(), s.client(Config{}), get())
	if p.request.Load() != nil {
		t.Error("it is kept")
	}
	answered(t, p)
}
