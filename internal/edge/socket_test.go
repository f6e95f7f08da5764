package edge

import (
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"testing/synctest"
	"time"
)

// between makes a socket whose other end is in the test's hand.
func between(t *testing.T, limit time.Duration) (s *socket, far net.Conn, slow *int) {
	near, far := net.Pipe()
	slow = new(int)
	s = &socket{Conn: near, limit: limit, slow: func() { *slow++ }, closed: func() {}}
	t.Cleanup(func() { s.Close(); far.Close() })
	return s, far, slow
}

func TestAWriteFailsWhenItIsNotTakenWithinTheLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _, slow := between(t, 2*time.Minute)
		start := time.Now()
		_, err := s.Write([]byte("x"))
		if !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(start) != 2*time.Minute || *slow != 1 {
			t.Errorf("%v after %s, counted %d times", err, time.Since(start), *slow)
		}
	})
}

func TestAnHourBetweenTwoWritesIsNoDelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, far, slow := between(t, 2*time.Minute)
		go func() { _, _ = io.Copy(io.Discard, far) }()
		for range 3 {
			if _, err := s.Write([]byte("x")); err != nil {
				t.Fatal(err)
			}
			time.Sleep(59 * time.Minute)
		}
		if *slow != 0 {
			t.Errorf("%d slow readers counted", *slow)
		}
	})
}

// A client that reads a little and stops is cut no later than the limit after
// its last progress, and no more than a sixteenth earlier.
func TestARecentDeadlineIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const limit = 160 * time.Second
		for _, pause := range []time.Duration{0, 9 * time.Second, 10 * time.Second, time.Hour} {
			s, far, _ := between(t, limit)
			go func() { _, _ = far.Read(make([]byte, 1)) }()
			if _, err := s.Write([]byte("x")); err != nil {
				t.Fatal(err)
			}
			time.Sleep(pause)
			start := time.Now()
			_, err := s.Write([]byte("y"))
			if took := time.Since(start); err == nil || took > limit || took < limit-limit/16 {
				t.Errorf("pause %s: cut after %s (%v)", pause, took, err)
			}
		}
	})
}

func TestAStricterDeadlineFromAboveHolds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, far, slow := between(t, 2*time.Minute)
		if err := s.SetDeadline(time.Now().Add(time.Second)); err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		if _, err := s.Write([]byte("x")); err == nil || time.Since(start) != time.Second || *slow != 0 {
			t.Errorf("%v after %s, counted %d times: want the handshake's deadline, not a slow reader", err, time.Since(start), *slow)
		}
		// Taken off, the limit is back, also for a write that is on its way.
		go func() {
			time.Sleep(30 * time.Second)
			_ = s.SetDeadline(time.Time{})
		}()
		_ = s.SetDeadline(time.Now().Add(time.Minute))
		start = time.Now()
		if _, err := s.Write([]byte("x")); err == nil || time.Since(start) != 150*time.Second {
			t.Errorf("%v after %s, want 2 min after the deadline was taken off", err, time.Since(start))
		}
		// Later than the limit is not heard.
		_ = s.SetWriteDeadline(time.Now().Add(time.Hour))
		start = time.Now()
		if _, err := s.Write([]byte("x")); err == nil || time.Since(start) != 2*time.Minute {
			t.Errorf("%v after %s", err, time.Since(start))
		}
		// A deadline from above ends a write that is on its way.
		_ = s.SetWriteDeadline(time.Time{})
		go func() {
			time.Sleep(time.Second)
			_ = s.SetWriteDeadline(time.Now())
		}()
		start = time.Now()
		if _, err := s.Write([]byte("x")); err == nil || time.Since(start) != time.Second {
			t.Errorf("%v after %s", err, time.Since(start))
		}
		far.Close()
	})
}

func TestClosingTwiceGivesOnePlaceBack(t *testing.T) {
	near, far := net.Pipe()
	defer far.Close()
	n := 0
	s := &socket{Conn: near, closed: func() { n++ }}
	s.Close()
	s.Close()
	if n != 1 {
		t.Errorf("%d places given back", n)
	}
	if _, err := s.SyscallConn(); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("a pipe has a descriptor: %v", err)
	}
}

// taken is a connection that takes everything, to see what a socket adds.
type taken struct {
	net.Conn
	deadlines int
}

func (c *taken) Write(p []byte) (int, error)        { return len(p), nil }
func (c *taken) SetWriteDeadline(t time.Time) error { c.deadlines++; return nil }

func TestBackToBackWritesSetOneDeadline(t *testing.T) {
	below := new(taken)
	s := &socket{Conn: below, limit: 2 * time.Minute}
	for range 1000 {
		_, _ = s.Write(nil)
		_ = s.SetWriteDeadline(time.Time{}) // http.Server, after each request
	}
	if below.deadlines != 1 {
		t.Errorf("%d deadlines set for 1,000 writes", below.deadlines)
	}
}

// What the write limit costs beside the write itself: "socket" is ours, "each
// time" sets the deadline of a real connection before each write.
func BenchmarkWriteLimit(b *testing.B) {
	b.Run("socket", func(b *testing.B) {
		s := &socket{Conn: new(taken), limit: 2 * time.Minute}
		for b.Loop() {
			_, _ = s.Write(nil)
		}
	})
	b.Run("each time", func(b *testing.B) {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			b.Fatal(err)
		}
		defer listener.Close()
		c, err := net.Dial("tcp", listener.Addr().String())
		if err != nil {
			b.Fatal(err)
		}
		defer c.Close()
		for b.Loop() {
			_ = c.SetWriteDeadline(time.Now().Add(2 * time.Minute))
		}
	})
}
