package upstream

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"golang.org/x/sys/unix"
)

// carriedOut counts how often the server has acted upon each request.
type carriedOut struct {
	mu    sync.Mutex
	times map[string]int
}

func (c *carriedOut) note(p *peer) bool {
	r := p.request()
	if r == nil {
		return false
	}
	id, _ := io.ReadAll(r.Body)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.times == nil {
		c.times = map[string]int{}
	}
	c.times[string(id)]++
	return true
}

// all returns a copy of the counts.
func (c *carriedOut) all() map[string]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.times)
}

// postFromMany sends n POSTs, each with its own body, from eight goroutines, and
// returns the bodies of those that failed.
func postFromMany(t *testing.T, c *Client, n int) map[string]error {
	var wg sync.WaitGroup
	var next atomic.Int32
	var mu sync.Mutex
	failed := map[string]error{}
	for range 8 {
		wg.Go(func() {
			for i := int(next.Add(1)); i <= n; i = int(next.Add(1)) {
				id := fmt.Sprintf("mail %d %s", i, strings.Repeat("x", i%3000))
				x, err := c.Do(context.Background(), post(id))
				if err != nil {
					mu.Lock()
					failed[id] = err
					mu.Unlock()
					continue
				}
				finish(t, x)
			}
		})
	}
	wg.Wait()
	return failed
}

// sogod's own port does it: HTTP/1.1, a Content-Length, no word of closing.
func TestServerThatClosesAfterEachAnswerGivesNoErrorAndGetsNothingTwice(t *testing.T) {
	both(t, func(t *testing.T, serve func(testing.TB, func(*peer)) *server) {
		var done carriedOut
		s := serve(t, func(p *peer) {
			if done.note(p) {
				p.say(ok)
			}
		})
		total := 2000
		if s.tls != nil {
			total = 100 // each is a handshake
		}
		for id, err := range postFromMany(t, s.client(Config{}), total) {
			t.Errorf("%.12s: %v", id, err)
		}
		if got := len(done.all()); got != total {
			t.Errorf("%d requests carried out, want %d", got, total)
		}
		for id, times := range done.all() {
			if times != 1 {
				t.Errorf("%.12s was carried out %d times", id, times)
			}
		}
	})
}

// The same server, but trusted from its second answer on: now requests do cross
// its close. What can be proven untaken arrives, what cannot is an error, and
// nothing is carried out twice.
func TestServerThatClosesAtTheThirdAnswerGetsNothingTwice(t *testing.T) {
	both(t, func(t *testing.T, serve func(testing.TB, func(*peer)) *server) {
		var done carriedOut
		s := serve(t, func(p *peer) {
			for range 3 {
				if !done.note(p) {
					return
				}
				p.say(ok)
			}
		})
		var resent, lost atomic.Int32
		c := s.client(Config{Stale: func(again bool) {
			if again {
				resent.Add(1)
			} else {
				lost.Add(1)
			}
		}})
		must(t, c, get())
		must(t, c, get()) // from here on the pool believes that connections are kept
		failed := postFromMany(t, c, 1000)
		if int(lost.Load()) != len(failed) {
			t.Errorf("Stale(false) %d times for %d errors", lost.Load(), len(failed))
		}
		for id, times := range done.all() {
			if times != 1 && id != "" {
				t.Errorf("%.12s was carried out %d times", id, times)
			}
		}
		for id, err := range failed {
			if e := new(Error); !errors.As(err, &e) || !e.Stale() {
				t.Errorf("%.12s: %v", id, err)
			}
		}
		t.Logf("%d sent again, %d unprovable", resent.Load(), lost.Load())
	})
}

// dying is a server that answers one request and then does the given thing to
// the next.
func dying(t *testing.T, serve func(testing.TB, func(*peer)) *server, die func(p *peer)) (*server, *carriedOut) {
	done := &carriedOut{}
	s := serve(t, func(p *peer) {
		if p.number > 1 {
			for done.note(p) {
				p.say(ok)
			}
			return
		}
		p.request()
		p.say(ok)
		die(p)
	})
	return s, done
}

func TestRequestThatWasReadAndThenResetIsNotRepeated(t *testing.T) {
	both(t, func(t *testing.T, serve func(testing.TB, func(*peer)) *server) {
		var taken carriedOut
		s, again := dying(t, serve, func(p *peer) {
			taken.note(p)
			p.reset()
		})
		var told []bool
		c := s.client(Config{Stale: func(resent bool) { told = append(told, resent) }})
		must(t, c, get())
		c.idle.keeps = true
		_, err := c.Do(context.Background(), post("mail"))
		if err == nil || taken.all()["mail"] != 1 || len(again.all()) != 0 {
			t.Errorf("err %v, taken %v, sent again %v", err, taken.all(), again.all())
		}
		if len(told) != 1 || told[0] {
			t.Errorf("Stale was told %v", told)
		}
		if c.Idle() != 0 || c.idle.keeps {
			t.Error("the dead connection is kept, or the next one trusted")
		}
	})
}

func TestRepeatableRequestThatWasReadAndThenResetIsRepeatedOnce(t *testing.T) {
	both(t, func(t *testing.T, serve func(testing.TB, func(*peer)) *server) {
		var taken carriedOut
		s, again := dying(t, serve, func(p *peer) {
			taken.note(p)
			p.reset()
		})
		c := s.client(Config{})
		must(t, c, get())
		ping := post("ping")
		ping.Repeatable = true
		if _, body := must(t, c, ping); body != "ok" {
			t.Errorf("got %q", body)
		}
		if taken.all()["ping"] != 1 || again.all()["ping"] != 1 || s.connections() != 2 {
			t.Errorf("taken %v, then %v, connections %d", taken.all(), again.all(), s.connections())
		}
	})
}

func TestRepeatableRequestIsRepeatedOnlyOnce(t *testing.T) {
	s := serve(t, func(p *peer) {
		p.request()
		if p.number == 1 {
			p.say(ok)
			p.request()
		}
		p.reset()
	})
	c := s.client(Config{})
	must(t, c, get())
	if _, err := c.Do(context.Background(), get()); err == nil || s.connections() != 2 {
		t.Errorf("err %v after %d connections", err, s.connections())
	}
}

func TestRequestOfWhichHalfWasReadIsNotRepeated(t *testing.T) {
	both(t, func(t *testing.T, serve func(testing.TB, func(*peer)) *server) {
		s, again := dying(t, serve, func(p *peer) {
			_, _ = io.ReadFull(p.in, make([]byte, 20<<10))
		})
		c := s.client(Config{})
		must(t, c, get())
		c.idle.keeps = true
		_, err := c.Do(context.Background(), post(strings.Repeat("x", 60<<10)))
		if err == nil || len(again.all()) != 0 {
			t.Errorf("err %v, sent again %v", err, again.all())
		}
	})
}

// isEstablished: TLS's goodbye alone is not the server's close yet.
func isEstablished(t *testing.T, c *conn) (yes bool) {
	t.Helper()
	if err := c.raw.Control(func(fd uintptr) {
		info, err := unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO)
		yes = err == nil && info.State == 1 // TCP_ESTABLISHED
	}); err != nil {
		t.Fatal(err)
	}
	return yes
}

// crossed puts c's one idle connection under r although the server has closed it
// already: what happens when the close crosses the request on the way.
func crossed(t *testing.T, c *Client, r *Request) (*Error, bool) {
	t.Helper()
	c.idle.keeps = true
	conn := c.idle.pop(onceReuse, 0)
	until(t, "the server's close", func() bool { return !isEstablished(t, conn) })
	x, err := conn.exchange(context.Background(), r)
	if err == nil {
		t.Fatalf("answered %d by a closed server", x.Status)
	}
	return err, c.again(context.Background(), r, err)
}

func TestRequestThatCrossedTheServersCloseIsSentAgain(t *testing.T) {
	both(t, func(t *testing.T, serve func(testing.TB, func(*peer)) *server) {
		for _, size := range []int{1, 5000, 60 << 10, 8 << 20} { // read error, write error
			s, _ := dying(t, serve, func(p *peer) {})
			c := s.client(Config{})
			must(t, c, get())
			if err, again := crossed(t, c, post(strings.Repeat("x", size))); !again {
				t.Errorf("%d bytes: not sent again after %v", size, err)
			}
		}
	})
}

// A RST that comes before the request keeps it on this machine: proven too.
func TestRequestAfterTheServersResetIsSentAgain(t *testing.T) {
	both(t, func(t *testing.T, serve func(testing.TB, func(*peer)) *server) {
		s, _ := dying(t, serve, func(p *peer) { p.reset() })
		c := s.client(Config{})
		must(t, c, get())
		if err, again := crossed(t, c, post("mail")); !again {
			t.Errorf("not sent again after %v", err)
		}
	})
}

func TestNewConnectionIsNeverTriedTwice(t *testing.T) {
	s := serve(t, func(p *peer) { p.request() })
	c := s.client(Config{})
	_, err := c.Do(context.Background(), get())
	if e := new(Error); !errors.As(err, &e) || e.Phase != Await || e.Stale() || s.connections() != 1 {
		t.Errorf("%v after %d connections", err, s.connections())
	}
}
