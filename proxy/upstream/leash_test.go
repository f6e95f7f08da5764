package upstream

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
)

func TestLeashIsAContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l Leash
		child, cancel := context.WithCancel(&l)
		defer cancel()
		if _, limited := l.Deadline(); limited || l.Err() != nil || context.Cause(&l) != nil || child.Err() != nil {
			t.Error("ended before it began")
		}
		var ran atomic.Int32
		context.AfterFunc(&l, func() { ran.Add(1) })
		stop := l.AfterFunc(func() { t.Error("untied, and runs") })
		if !stop() || stop() {
			t.Error("untied not once")
		}
		l.Cancel(errPhoneLeft)
		l.Cancel(errors.New("too late"))
		<-l.Done()
		<-child.Done()
		synctest.Wait()
		if ran.Load() != 1 || context.Cause(&l) != errPhoneLeft || context.Cause(child) != errPhoneLeft {
			t.Errorf("ran %d times, cause %v and %v", ran.Load(), context.Cause(&l), context.Cause(child))
		}
		if stop := l.AfterFunc(func() { ran.Add(1) }); stop() {
			t.Error("nothing can stop what has ended")
		}
		if synctest.Wait(); ran.Load() != 2 {
			t.Error("not run after the end")
		}
	})
}

func TestDoneOfALeashThatHasEndedIsClosed(t *testing.T) {
	var l Leash
	l.Cancel(errPhoneLeft)
	<-l.Done()
}

// What is tied runs or is untied, one of both.
func TestLeashUnderFire(t *testing.T) {
	for range 500 {
		var l Leash
		var untied, ran atomic.Int32
		var stops, runs sync.WaitGroup
		runs.Add(4)
		for range 4 {
			stop := l.AfterFunc(func() { ran.Add(1); runs.Done() })
			stops.Go(func() {
				if stop() {
					untied.Add(1)
					runs.Done()
				}
			})
		}
		l.Cancel(errPhoneLeft)
		stops.Wait()
		runs.Wait()
		if untied.Load()+ran.Load() != 4 {
			t.Fatalf("%d untied, %d ran", untied.Load(), ran.Load())
		}
	}
}

func TestLeashEndsAnExchangeInEachHalf(t *testing.T) {
	both(t, func(t *testing.T, serve func(testing.TB, func(*peer)) *server) {
		for _, waiting := range []bool{false, true} {
			asked, gone := make(chan bool), make(chan bool)
			s := serve(t, func(p *peer) { p.request(); close(asked); p.rest(); close(gone) })
			var l Leash
			p := start(t, &l, s.client(Config{}), get())
			<-asked
			if waiting {
				go func() { l.Cancel(errPhoneLeft) }()
			} else {
				l.Cancel(errPhoneLeft)
				<-gone
			}
			if _, err := p.Answer(); !errors.Is(err, errPhoneLeft) {
				t.Errorf("%v", err)
			}
			<-gone
		}
	})
}

func TestLeashEndsTheHandshake(t *testing.T) {
	var l Leash
	s := serve(t, func(p *peer) {
		_, _ = p.in.Peek(1) // says nothing to the ClientHello
		l.Cancel(errPhoneLeft)
		p.rest()
	})
	_, err := s.tlsClient(Config{}).Start(&l, get())
	if e := new(Error); !errors.As(err, &e) || e.Phase != Handshake || !errors.Is(err, errPhoneLeft) {
		t.Errorf("%v", err)
	}
	if _, err := s.tlsClient(Config{}).Start(&l, get()); !errors.Is(err, errPhoneLeft) || s.connections() != 1 {
		t.Errorf("%v after %d connections", err, s.connections())
	}
}
