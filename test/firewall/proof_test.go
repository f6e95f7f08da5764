//go:build linux

package firewall

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/diastole/diastole/heartbeat"
	"github.com/diastole/diastole/test/netns"
)

const (
	limit  = 5 * time.Second  // of the firewall
	before = 2 * time.Second  // a wait that it survives
	after  = 7 * time.Second  // one that it does not
	window = 10 * time.Second // for a proof; 30 s outside of tests
)

// all lets n phones wait at once and says how many got their answer.
func all(t *testing.T, w *netns.World, s *server, n int, held time.Duration, then func(*phone)) (answered int) {
	t.Helper()
	var mu sync.Mutex
	var phones sync.WaitGroup
	for i := range n {
		p := dial(t, w, s, fmt.Sprintf("phone-%v-%d", held, i))
		p.ask(held)
		phones.Go(func() {
			if p.answered(held+window) != nil {
				return
			}
			mu.Lock()
			answered++
			mu.Unlock()
			if then != nil && i%2 == 0 {
				then(p)
			}
		})
	}
	phones.Wait()
	return answered
}

func TestOf200AnswersAfterTheLimitNoneIsCalledDelivered(t *testing.T) {
	t.Parallel()
	w := netns.New(t, limit)
	s := serve(t, w, window)
	if got := all(t, w, s, 200, after, nil); got != 0 {
		t.Fatalf("%d answers came through a firewall that forgets after %v: no proof is possible", got, limit)
	}
	if count := s.collect(t, 200); count[heartbeat.Lost] != 200 {
		t.Errorf("200 answers were lost, and called %v", count)
	}
}

func TestOf200AnswersBeforeTheLimitNoneIsCalledLost(t *testing.T) {
	t.Parallel()
	w := netns.New(t, limit)
	s := serve(t, w, window)
	askOn := func(p *phone) { p.ask(time.Hour) } // held beyond the test: no answer to be judged
	if got := all(t, w, s, 200, before, askOn); got != 200 {
		t.Fatalf("%d of 200 answers came through a firewall that forgets after %v", got, limit)
	}
	count := s.collect(t, 200)
	if count[heartbeat.Confirmed] != 100 || count[heartbeat.Acked] != 100 {
		t.Errorf("200 answers arrived, 100 devices asked on, and they are called %v", count)
	}
}

func TestAnAnswerThatWaitedOutATunnelIsNotLost(t *testing.T) {
	t.Parallel()
	w := netns.New(t, 0)
	s := serve(t, w, window)
	p := dial(t, w, s, "p")
	p.ask(time.Second)
	<-s.asked
	w.Cut(t)
	time.Sleep(4 * time.Second)
	w.Mend(t)
	if err := p.answered(window); err != nil {
		t.Fatal(err)
	}
	if count := s.collect(t, 1); count[heartbeat.Acked] != 1 {
		t.Errorf("it is called %v, want acked", count)
	}
}

func TestADeviceThatAsksAgainElsewhereDoesNotConfirmALostAnswer(t *testing.T) {
	t.Parallel()
	w := netns.New(t, limit)
	s := serve(t, w, window)
	p := dial(t, w, s, "p")
	p.ask(after)
	if err := p.answered(after + time.Second); err == nil {
		t.Fatal("the answer came through")
	}
	again := dial(t, w, s, "p") // its patience has ended
	again.ask(time.Hour)
	if count := s.collect(t, 1); count[heartbeat.Lost] != 1 {
		t.Errorf("it is called %v, want lost", count)
	}
}

func TestAnAnswerThatTheFirewallRefusesIsLost(t *testing.T) {
	t.Parallel()
	w := netns.New(t, 0)
	w.Refuse(t)
	s := serve(t, w, window)
	s.onClose = true
	p := dial(t, w, s, "p")
	p.ask(time.Second)
	<-s.asked
	w.Forget(t)
	if count := s.collect(t, 1); count[heartbeat.Lost] != 1 {
		t.Errorf("it is called %v, want lost", count)
	}
}

func TestADeviceThatClosesAfterItsAnswerHasReceivedIt(t *testing.T) {
	t.Parallel()
	w := netns.New(t, 0)
	s := serve(t, w, window)
	s.onClose = true
	p := dial(t, w, s, "p")
	p.ask(0)
	if err := p.answered(window); err != nil {
		t.Fatal(err)
	}
	p.conn.Close()
	if count := s.collect(t, 1); count[heartbeat.Acked] != 1 {
		t.Errorf("it is called %v, want acked", count)
	}
}
