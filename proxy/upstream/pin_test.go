package upstream

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
)

// authenticating is a server that knows a connection by its first request and
// answers each later one with that name, as NTLM does. "die" ends a connection
// after its answer, "die now" instead of it.
func authenticating(p *peer) {
	name := ""
	for r := p.request(); r != nil; r = p.request() {
		if name == "" {
			name = r.Header.Get("Authorization")
		}
		if r.Method == "DIE-NOW" {
			return
		}
		p.say("HTTP/1.1 200 OK\nContent-Length: " + strconv.Itoa(len(name)) + "\n\n" + name)
		if r.Method == "DIE" {
			return
		}
	}
}

// as is a request of one user.
func as(user, method string) *Request {
	r := get()
	r.Method, r.Header = method, http.Header{"Authorization": {user}}
	return r
}

func pinned(t *testing.T, p *Pin, r *Request) string {
	t.Helper()
	x, err := p.Do(context.Background(), r)
	if err != nil {
		t.Error(err)
		return ""
	}
	return finish(t, x)
}

func TestFiftyPinsNeverShareAConnection(t *testing.T) {
	both(t, func(t *testing.T, serve func(testing.TB, func(*peer)) *server) {
		s := serve(t, authenticating)
		c := s.client(Config{})
		var clients sync.WaitGroup
		for i := range 50 {
			clients.Go(func() {
				user := fmt.Sprint("user", i)
				p := c.Pin(func() { t.Error("lost, though nobody closed it") })
				defer p.Close()
				for range 20 {
					if got := pinned(t, p, as(user, "GET")); got != user {
						t.Errorf("%s was served as %q", user, got)
					}
					if !p.Rest() {
						t.Error("the pin is gone")
					}
				}
			})
			clients.Go(func() { must(t, c, as("nobody", "GET")) }) // never gets a pin's connection
		}
		clients.Wait()
		if s.connections() < 51 || c.Idle() != s.connections()-50 {
			t.Errorf("%d connections, %d in the pool", s.connections(), c.Idle())
		}
	})
}

func TestPinnedConnectionThatTheServerClosesIsLostAtOnce(t *testing.T) {
	both(t, func(t *testing.T, serve func(testing.TB, func(*peer)) *server) {
		die := make(chan bool)
		s := serve(t, func(p *peer) { p.request(); p.say(ok); <-die })
		lost := make(chan bool)
		p := s.client(Config{}).Pin(func() { close(lost) })
		pinned(t, p, get())
		for range 2 {
			if !p.Rest() {
				t.Error("gone too early")
			}
		}
		close(die)
		<-lost
		if _, err := p.Do(context.Background(), get()); !errors.Is(err, ErrPinLost) {
			t.Errorf("%v", err)
		}
		if p.Close(); s.connections() != 1 {
			t.Errorf("%d connections", s.connections())
		}
	})
}

func TestPinIsNotLostWhileARequestIsOn(t *testing.T) {
	s := serve(t, authenticating)
	p := s.client(Config{}).Pin(func() { t.Error("lost() during a request") })
	defer p.Close()
	pinned(t, p, as("u", "GET"))
	p.Rest()
	_, err := p.Do(context.Background(), as("u", "DIE-NOW"))
	if e := new(Error); !errors.Is(err, ErrPinLost) || !errors.As(err, &e) || e.Phase != Await {
		t.Errorf("%v", err)
	}
	if p.Rest() {
		t.Error("Rest does not know that it is over")
	}
	if _, err := p.Do(context.Background(), as("u", "GET")); !errors.Is(err, ErrPinLost) || s.connections() != 1 {
		t.Errorf("%v, %d connections", err, s.connections())
	}
}

// Nothing is sent twice on a pin, not even what may be: on a new connection the
// server would not know the client.
func TestPinNeverSendsTwice(t *testing.T) {
	both(t, func(t *testing.T, serve func(testing.TB, func(*peer)) *server) {
		s := serve(t, authenticating)
		c := s.client(Config{})
		for _, r := range []*Request{as("u", "DIE"), as("u", "DIE-NOW")} {
			lost := make(chan bool, 1)
			p := c.Pin(func() { lost <- true })
			pinned(t, p, as("u", "GET"))
			before := s.connections()
			if x, err := p.Do(context.Background(), r); err == nil {
				finish(t, x)
				until(t, "the server's close", func() bool { return !p.Rest() || len(lost) == 1 })
			}
			if _, err := p.Do(context.Background(), get()); !errors.Is(err, ErrPinLost) || s.connections() != before {
				t.Errorf("%v, %d new connections", err, s.connections()-before)
			}
			p.Close()
		}
	})
}

func TestPinEndsWithAnAnswerThatClosesIt(t *testing.T) {
	s := serve(t, func(p *peer) { p.request(); p.say("HTTP/1.1 401 No\nConnection: close\nContent-Length: 0\n\n") })
	p := s.client(Config{}).Pin(func() { t.Error("lost between requests") })
	if !p.Rest() {
		t.Error("a pin that has not begun is not over")
	}
	if pinned(t, p, get()); p.Rest() {
		t.Error("over, and Rest does not know")
	}
}

func TestPinThatCannotDialIsLost(t *testing.T) {
	s := serve(t, func(*peer) {})
	s.stop()
	p := s.client(Config{}).Pin(nil)
	if _, err := p.Do(context.Background(), get()); err == nil || errors.Is(err, ErrPinLost) {
		t.Errorf("first: %v", err)
	}
	if _, err := p.Do(context.Background(), get()); !errors.Is(err, ErrPinLost) {
		t.Errorf("then: %v", err)
	}
}

func TestOwnCloseOfAPinIsNoLoss(t *testing.T) {
	both(t, func(t *testing.T, serve func(testing.TB, func(*peer)) *server) {
		gone := make(chan bool, 50)
		s := serve(t, func(p *peer) { p.request(); p.say(ok); p.rest(); gone <- true })
		c := s.client(Config{})
		for range 50 {
			p := c.Pin(func() { t.Error("lost by our own Close") })
			pinned(t, p, get())
			p.Rest()
			p.Close()
			p.Close()
			<-gone
			if p.Rest() {
				t.Error("Rest after Close")
			}
		}
	})
}

func TestCloseDuringARequestEndsThePinWithIt(t *testing.T) {
	s := serve(t, func(p *peer) { p.request(); p.say(ok); p.rest() })
	p := s.client(Config{}).Pin(func() { t.Error("lost by our own Close") })
	x, err := p.Do(context.Background(), get())
	if err != nil {
		t.Fatal(err)
	}
	p.Close()
	if body := finish(t, x); body != "ok" || p.Rest() {
		t.Errorf("%q, and it goes on", body)
	}
}

// lost may close the client connection, and that may wait for the handler, which
// waits for the answer of the next request.
func TestLostMayWaitForTheNextRequest(t *testing.T) {
	die := make(chan bool)
	s := serve(t, func(p *peer) { p.request(); p.say(ok); <-die })
	called, over := make(chan bool), make(chan bool)
	p := s.client(Config{}).Pin(func() { close(called); <-over })
	defer p.Close()
	pinned(t, p, get())
	p.Rest()
	close(die)
	<-called
	if _, err := p.Do(context.Background(), get()); !errors.Is(err, ErrPinLost) {
		t.Errorf("%v", err)
	}
	close(over)
}

// Rest, Do and the server's close at the same moment: each request is answered
// under the right name or not at all, and the end is told one way or the other.
func TestPinUnderFire(t *testing.T) {
	both(t, func(t *testing.T, serve func(testing.TB, func(*peer)) *server) {
		s := serve(t, authenticating)
		c := s.client(Config{})
		var clients sync.WaitGroup
		for i := range 16 {
			clients.Go(func() {
				user := fmt.Sprint("user", i)
				for round := range 10 {
					var lost atomic.Int32
					p := c.Pin(func() { lost.Add(1) })
					for n := 0; ; n++ {
						method := "GET"
						if n == round {
							method = "DIE"
						}
						x, err := p.Do(context.Background(), as(user, method))
						if err != nil {
							if n <= round || !errors.Is(err, ErrPinLost) {
								t.Errorf("request %d of %d: %v", n, round, err)
							}
							break
						}
						body, _ := io.ReadAll(x.Body)
						if x.Close(); string(body) != user || n > round {
							t.Errorf("%s was served as %q", user, body)
						}
						if !p.Rest() && n < round {
							t.Error("lost too early")
						}
					}
					if p.Close(); lost.Load() > 1 {
						t.Error("lost twice")
					}
				}
			})
		}
		clients.Wait()
	})
}
