package upstream

import (
	"context"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// resting is a connection that has carried answered exchanges. Its server stays.
func resting(t *testing.T, answered int) *conn {
	ours, theirs := net.Pipe()
	t.Cleanup(func() { ours.Close(); theirs.Close() })
	c := newConn(ours, ours)
	c.answered = answered
	return c
}

func isClosed(c *conn) bool {
	c.SetReadDeadline(time.Unix(1, 0))
	_, err := c.Read(make([]byte, 1))
	c.SetReadDeadline(time.Time{})
	return err == io.ErrClosedPipe
}

func TestYoungestConnectionIsUsedFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &pool{max: 10, timeout: time.Minute}
		var conns []*conn
		for range 3 {
			c := resting(t, 2)
			conns = append(conns, c)
			p.put(c)
			time.Sleep(time.Second)
		}
		for i := 2; i >= 0; i-- {
			if p.take(get()) != conns[i] {
				t.Errorf("not number %d", i)
			}
		}
		if p.take(get()) != nil {
			t.Error("a connection from nowhere")
		}
	})
}

func TestPostTakesNoConnectionThatRestedFourSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &pool{max: 10, timeout: time.Minute}
		p.put(resting(t, 2))
		p.put(resting(t, 2))
		time.Sleep(onceReuse - 1)
		if p.take(&Request{Stream: strings.NewReader(""), Repeatable: true}) != nil {
			t.Error("taken for a stream, which cannot be sent again")
		}
		if p.take(post("")) == nil {
			t.Error("not even just before")
		}
		time.Sleep(time.Nanosecond)
		if p.take(post("")) != nil {
			t.Error("taken after the limit")
		}
		if p.len() != 1 || p.take(get()) == nil {
			t.Error("lost for a request that may be repeated")
		}
	})
}

func TestPostWaitsForTheServerToShowThatItKeepsConnections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &pool{max: 10, timeout: time.Minute}
		once := resting(t, 1)
		p.put(once)
		time.Sleep(settle - 1)
		if p.take(post("")) != nil {
			t.Error("taken too early")
		}
		if c := p.take(get()); c == nil {
			t.Error("refused to a request that may be repeated")
		}
		p.put(once)
		time.Sleep(settle)
		if p.take(post("")) == nil {
			t.Error("refused although it would be closed by now")
		}
		p.put(resting(t, 2)) // the server has kept one connection
		p.put(once)
		if p.take(post("")) != once {
			t.Error("refused although the server keeps connections")
		}
		p.distrust()
		p.put(once)
		if p.take(post("")) == once {
			t.Error("taken although a connection died without a word")
		}
	})
}

func TestIdleConnectionsAreClosedAfterTheirTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &pool{max: 10, timeout: time.Minute}
		old, young := resting(t, 2), resting(t, 2)
		p.put(old)
		time.Sleep(30 * time.Second)
		p.put(young)
		time.Sleep(30 * time.Second)
		synctest.Wait()
		if !isClosed(old) || isClosed(young) || p.len() != 1 {
			t.Errorf("after a minute: old %v, young %v, %d left", isClosed(old), isClosed(young), p.len())
		}
		time.Sleep(30 * time.Second)
		synctest.Wait()
		if !isClosed(young) || p.len() != 0 {
			t.Error("the younger one outlived its minute")
		}
		p.put(resting(t, 2)) // the sweeps go on after a pause
		time.Sleep(time.Minute)
		synctest.Wait()
		if p.len() != 0 {
			t.Error("no sweep after a pause")
		}
	})
}

func TestFullPoolClosesTheOldest(t *testing.T) {
	p := &pool{max: 2, timeout: time.Minute}
	defer p.closeAll()
	a, b, c := resting(t, 2), resting(t, 2), resting(t, 2)
	p.put(a)
	p.put(b)
	p.put(c)
	if !isClosed(a) || isClosed(b) || isClosed(c) || p.len() != 2 {
		t.Error("not the oldest")
	}
}

// Under load none would ever be old enough to show that it is kept.
func TestFullPoolOfAnUnknownServerClosesTheNewcomer(t *testing.T) {
	p := &pool{max: 2, timeout: time.Minute}
	defer p.closeAll()
	a, b, c := resting(t, 1), resting(t, 1), resting(t, 1)
	p.put(a)
	p.put(b)
	p.put(c)
	if isClosed(a) || isClosed(b) || !isClosed(c) {
		t.Error("not the newcomer")
	}
}

func TestClosedPoolKeepsNothing(t *testing.T) {
	p := &pool{max: 2, timeout: time.Minute}
	a, b := resting(t, 2), resting(t, 2)
	p.put(a)
	p.closeAll()
	p.put(b)
	if !isClosed(a) || !isClosed(b) || p.len() != 0 {
		t.Error("something is left open")
	}
}

// Every connection is in one place at a time, whatever happens at once.
func TestPoolUnderLoad(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &pool{max: 8, timeout: 20 * time.Millisecond}
		var mu sync.Mutex
		inUse := map[*conn]bool{}
		use := func(c *conn, in bool) {
			mu.Lock()
			defer mu.Unlock()
			if inUse[c] == in {
				t.Error("one connection in two places")
			}
			inUse[c] = in
		}
		var wg sync.WaitGroup
		for i := range 16 {
			dice := rand.New(rand.NewPCG(uint64(i), 1))
			wg.Go(func() {
				for range 300 {
					c := p.take(get())
					if c == nil {
						c = resting(t, 2)
					}
					use(c, true)
					time.Sleep(time.Duration(dice.IntN(30)) * time.Millisecond)
					use(c, false)
					p.put(c)
				}
			})
		}
		wg.Wait()
		if p.len() > 8 {
			t.Errorf("%d idle", p.len())
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if p.len() != 0 {
			t.Errorf("%d outlived the sweeps", p.len())
		}
	})
}

func TestKeepAlive(t *testing.T) {
	both(t, func(t *testing.T, serve func(testing.TB, func(*peer)) *server) {
		s := serve(t, keepAnswering(ok))
		c := s.client(Config{})
		must(t, c, get())
		for range 50 {
			must(t, c, get())
			must(t, c, post("mail"))
		}
		if s.connections() != 1 || c.Idle() != 1 {
			t.Errorf("%d connections, %d idle", s.connections(), c.Idle())
		}
		c.Close()
		if must(t, c, get()); c.Idle() != 0 {
			t.Error("a closed client keeps a connection")
		}
	})
}

func TestAnswerThatWasNotReadToItsEndEndsTheConnection(t *testing.T) {
	s := serve(t, keepAnswering(ok))
	c := s.client(Config{})
	x, err := c.Do(context.Background(), get())
	if err != nil {
		t.Fatal(err)
	}
	if x.Close(); c.Idle() != 0 {
		t.Error("the rest would be read as the next answer's head")
	}
}
