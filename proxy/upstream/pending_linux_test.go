package upstream

import (
	"context"
	"errors"
	"io"
	"strconv"
	"strings"
	"sync"
	"testing"
)

func TestSocketShowsTheAnswerAndTheEnd(t *testing.T) {
	speak := make(chan string)
	s := serve(t, func(p *peer) {
		p.request()
		p.say(<-speak)
	})
	for _, said := range []string{ok, ""} {
		p := start(t, context.Background(), s.client(Config{}), get())
		if p.conn.readable() {
			t.Error("news of nothing")
		}
		speak <- said
		if err := p.Socket().Read(hasNews); err != nil {
			t.Fatal(err)
		}
		x, err := p.Answer()
		if (err == nil) != (said != "") {
			t.Errorf("said %q, got %v", said, err)
		}
		if err == nil {
			finish(t, x)
		}
	}
}

// The write goes into a connection that the server has closed: the first half ends
// well, and the second one finds out and sends again.
func TestStaleConnectionThatTheSecondHalfFindsOut(t *testing.T) {
	both(t, func(t *testing.T, serve func(testing.TB, func(*peer)) *server) {
		for _, repeatable := range []bool{true, false} {
			s, again := dying(t, serve, func(p *peer) {})
			var told []bool
			c := s.client(Config{Stale: func(resent bool) { told = append(told, resent) }})
			must(t, c, get())
			r := post("mail")
			r.Repeatable = repeatable
			if err := r.Pack(); err != nil {
				t.Fatal(err)
			}
			p := startOnDead(t, c, r)
			if body := answered(t, p); body != "ok" || again.all()["mail"] != 1 {
				t.Errorf("%q, sent again %v", body, again.all())
			}
			if len(told) != 1 || !told[0] {
				t.Errorf("Stale was told %v", told)
			}
		}
	})
}

// startOnDead starts r on c's one idle connection, which the server has closed.
func startOnDead(t *testing.T, c *Client, r *Request) *Pending {
	t.Helper()
	c.idle.keeps = true
	conn := c.idle.pop(onceReuse, 0)
	until(t, "the server's close", func() bool { return !isEstablished(t, conn) })
	p, err := conn.start(context.Background(), r)
	if err != nil {
		t.Fatal(err)
	}
	p.keepFor(c, r)
	c.fading.add(p)
	return p
}

func TestStaleConnectionThatTheFirstHalfFindsOut(t *testing.T) {
	s, again := dying(t, serve, func(p *peer) { p.reset() })
	var told []bool
	c := s.client(Config{Stale: func(resent bool) { told = append(told, resent) }})
	must(t, c, get())
	conn := c.idle.conns[0]
	until(t, "the server's close", func() bool { return !isEstablished(t, conn) })
	conn.raw = nil // nobody can ask whether it is alive
	r := post("mail")
	r.Repeatable = true
	p := start(t, context.Background(), c, r)
	if p.conn == conn || len(told) != 1 || !told[0] {
		t.Errorf("Stale was told %v", told)
	}
	if body := answered(t, p); body != "ok" || again.all()["mail"] != 1 || s.connections() != 2 {
		t.Errorf("%q, carried out %v", body, again.all())
	}
}

func TestPendingRequestThatWasReadAndThenResetIsNotRepeated(t *testing.T) {
	both(t, func(t *testing.T, serve func(testing.TB, func(*peer)) *server) {
		var taken carriedOut
		gone := make(chan bool)
		s, again := dying(t, serve, func(p *peer) { taken.note(p); p.reset(); close(gone) })
		c := s.client(Config{})
		must(t, c, get())
		c.idle.keeps = true
		p := start(t, context.Background(), c, post("mail"))
		<-gone
		_, err := p.Answer()
		if e := new(Error); !errors.As(err, &e) || !e.Stale() || taken.all()["mail"] != 1 || len(again.all()) != 0 {
			t.Errorf("%v, taken %v, sent again %v", err, taken.all(), again.all())
		}
	})
}

// What may go out again on a proof only is kept for as long as there may be one.
func TestRequestIsKeptWhileNothingOfItIsAcknowledged(t *testing.T) {
	asked, speak := make(chan bool, 1), make(chan bool)
	s := serve(t, func(p *peer) {
		p.request()
		p.say(ok)
		p.request()
		asked <- true
		<-speak
		p.say(ok)
	})
	c := s.client(Config{})
	must(t, c, get())
	c.idle.keeps = true
	p := start(t, context.Background(), c, post("mail"))
	<-asked
	was := p.before
	until(t, "the acknowledgement", func() bool { return p.conn.count().acked > was.acked })
	p.before = p.conn.count() // as if it had not come
	if p.fade() || p.request.Load() == nil {
		t.Error("dropped although it may be proven untaken")
	}
	p.before = was
	if !p.fade() || p.request.Load() != nil {
		t.Error("kept although it was taken")
	}
	close(speak)
	answered(t, p)
}

// Halves from many goroutines at once, with cancels in between, over a server that
// closes when it likes: each answer is its own request's, and nothing is left.
func TestHalvesUnderFire(t *testing.T) {
	both(t, func(t *testing.T, serve func(testing.TB, func(*peer)) *server) {
		s := serve(t, func(p *peer) {
			for range p.number%4 + 1 {
				r := p.request()
				if r == nil {
					return
				}
				body, _ := io.ReadAll(r.Body)
				p.say("HTTP/1.1 200 OK\nContent-Length: " + strconv.Itoa(len(body)) + "\n\n" + string(body))
			}
		})
		c := s.client(Config{})
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				for n := range 50 {
					underFire(t, c, i*50+n)
				}
			})
		}
		wg.Wait()
	})
}

// underFire does one exchange, known by its length. Every fifth is cancelled at
// some moment; every second may be sent again without a proof.
func underFire(t *testing.T, c *Client, n int) {
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	r := post(strings.Repeat("x", n))
	r.Repeatable = n%2 == 0
	p, err := c.Start(ctx, r)
	if n%5 == 0 {
		go cancel(errPhoneLeft)
	}
	var x *Response
	if err == nil {
		x, err = p.Answer()
	}
	if err == nil {
		var body []byte
		if body, err = io.ReadAll(x.Body); err == nil && len(body) != n {
			t.Errorf("%d bytes for %d", len(body), n)
		}
		x.Close()
	}
	e := new(Error)
	if err != nil && !errors.Is(err, errPhoneLeft) && (r.Repeatable || !errors.As(err, &e) || !e.Stale()) {
		t.Error(err)
	}
}
