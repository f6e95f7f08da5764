package lab

import (
	"os"
	"sync"
	"syscall"
	"time"
)

// streamBuffer is how much a stream holds before write waits, like a small socket buffer.
const streamBuffer = 64 << 10

// stream is one direction of a Pipe's connection.
type stream struct {
	mu              sync.Mutex
	cond            *sync.Cond
	buf             []byte
	last            error // what a reader gets after buf: io.EOF after FIN, ECONNRESET after RST
	readErr         error // the reading end was closed by its own side
	writeErr        error // nobody reads any more, or the writing end was closed
	readBy, writeBy deadline
}

func newStream() *stream {
	s := &stream{}
	s.cond = sync.NewCond(&s.mu)
	return s
}

func (s *stream) read(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		switch {
		case s.readErr != nil:
			return 0, s.readErr
		case s.readBy.over:
			return 0, os.ErrDeadlineExceeded
		case len(s.buf) > 0:
			n := copy(p, s.buf)
			s.buf = s.buf[n:]
			s.cond.Broadcast()
			return n, nil
		case s.last != nil:
			return 0, s.last
		case len(p) == 0:
			return 0, nil
		}
		s.cond.Wait()
	}
}

func (s *stream) write(p []byte) (n int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		switch {
		case s.writeErr != nil:
			return n, s.writeErr
		case s.last != nil:
			return n, syscall.EPIPE
		case s.writeBy.over:
			return n, os.ErrDeadlineExceeded
		case len(p) == 0:
			return n, nil
		}
		if room := streamBuffer - len(s.buf); room > 0 {
			k := min(room, len(p))
			s.buf = append(s.buf, p[:k]...)
			n, p = n+k, p[k:]
			s.cond.Broadcast()
			continue
		}
		s.cond.Wait()
	}
}

// end lets the reader come to an end after what is buffered.
func (s *stream) end(last error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.last == nil {
		s.last = last
	}
	s.cond.Broadcast()
}

// drop loses what is buffered, as RST does.
func (s *stream) drop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.buf = nil
}

// shut makes reads and writes fail with these errors; nil leaves that side as it is.
func (s *stream) shut(read, write error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if read != nil {
		s.readErr, s.buf = read, nil
	}
	if write != nil && s.writeErr == nil {
		s.writeErr = write
	}
	s.cond.Broadcast()
}

// deadline is a net.Conn deadline; guarded by its stream's mutex.
type deadline struct {
	timer *time.Timer
	turn  int // counts set calls, so that a timer that fires late for an older deadline is ignored
	over  bool
}

func (d *deadline) set(s *stream, t time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if d.timer != nil {
		d.timer.Stop()
		d.timer = nil
	}
	d.turn++
	d.over = false
	if t.IsZero() {
		return
	}
	wait := time.Until(t)
	if wait <= 0 {
		d.over = true
		s.cond.Broadcast()
		return
	}
	turn := d.turn
	d.timer = time.AfterFunc(wait, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if d.turn == turn {
			d.over = true
			s.cond.Broadcast()
		}
	})
}
