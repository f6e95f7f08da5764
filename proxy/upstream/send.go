package upstream

import (
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"
)

// continueLimit is how long a stream is held back for a server that does not know
// of 100 (sogod): RFC 9110 10.1.1 forbids to wait for ever. curl waits as long.
const continueLimit = time.Second

// pieces is the size in which a stream is passed on.
const pieces = 32 << 10

var pieceBuffers = sync.Pool{New: func() any { b := make([]byte, sizeRoom+pieces+2); return &b }}

// sending is a request body on its way up while the answer may already be
// coming down (RPC over HTTP and EWS do both at once).
type sending struct {
	conn    *conn
	request *Request
	length  int64 // by Content-Length

	turn    atomic.Int32 // held, goes or refused
	decided chan struct{}
	done    chan struct{}
	err     error // set before done is closed
}

const (
	held    = iota // waits for 100 (Continue)
	goes           // reads the client's body
	refused        // never will
)

var errHeldBack = errors.New("answered before the body was asked for")

func newSending(c *conn, r *Request, length int64) *sending {
	s := &sending{conn: c, request: r, length: length, decided: make(chan struct{}), done: make(chan struct{})}
	if !r.AwaitContinue {
		s.decide(goes)
	}
	return s
}

// decide ends the holding back; only the first decision counts.
func (s *sending) decide(turn int32) {
	if s.turn.CompareAndSwap(held, turn) {
		close(s.decided)
	}
}

// run is the goroutine of a stream. A failed write is not the last word: a server
// that refuses a large body answers 413 and closes, and that answer is still to
// be read.
func (s *sending) run() {
	s.err = s.send()
	close(s.done) // before abort: who is woken by it asks failure who is to blame
	if errors.Is(s.err, ErrRequestBody) {
		// The server must not take what came for the whole, and our own
		// reading must end.
		s.conn.abort()
	}
}

func (s *sending) send() error {
	if !s.mayGo() {
		return errHeldBack
	}
	piece := pieceBuffers.Get().(*[]byte)
	defer pieceBuffers.Put(piece)
	if s.request.Chunked {
		return s.sendChunks(*piece)
	}
	return s.sendCounted(*piece)
}

// mayGo waits for the server's 100, its refusal, or its silence.
func (s *sending) mayGo() bool {
	if s.turn.Load() != held {
		return s.turn.Load() == goes
	}
	t := time.NewTimer(continueLimit)
	defer t.Stop()
	select {
	case <-s.decided:
	case <-t.C:
		s.decide(goes)
	}
	return s.turn.Load() == goes
}

// sendChunks passes each piece on as one chunk when it has come.
func (s *sending) sendChunks(b []byte) error {
	for {
		n, err := s.request.Stream.Read(b[sizeRoom : sizeRoom+pieces])
		if n > 0 { // a chunk of nothing would be the last one
			if _, werr := s.conn.Write(frameChunk(b, n)); werr != nil {
				return werr
			}
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return fmt.Errorf("%w: %w", ErrRequestBody, err)
		}
	}
	end, err := appendLastChunk(b[:0], s.request.Trailer)
	if err != nil {
		return err
	}
	_, err = s.conn.Write(end)
	return err
}

// sendCounted passes on exactly the bytes that were announced: more would be read
// as the next request.
func (s *sending) sendCounted(b []byte) error {
	for left := s.length; ; {
		n, err := s.request.Stream.Read(b)
		if left -= int64(n); left < 0 {
			return fmt.Errorf("%w: longer than its Content-Length", ErrRequestBody)
		}
		if n > 0 {
			if _, werr := s.conn.Write(b[:n]); werr != nil {
				return werr
			}
		}
		switch {
		case err == io.EOF && left > 0:
			err = io.ErrUnexpectedEOF
		case err == io.EOF:
			return nil
		}
		if err != nil {
			return fmt.Errorf("%w: %w", ErrRequestBody, err)
		}
	}
}

// finished reports whether the whole body went out. Its last write may have been
// answered already when the goroutine of that write has yet to run again: it gets
// the time for that, or a connection that is in order would be thrown away.
func (s *sending) finished() bool {
	t := time.NewTimer(50 * time.Millisecond)
	defer t.Stop()
	select {
	case <-s.done:
	case <-t.C:
		return false
	}
	return s.err == nil
}

// end returns when nothing reads the client's body any more: a handler that
// returned before would leave a reader behind it, which net/http forbids. The
// connection is closed or at rest when it is called.
func (s *sending) end() {
	s.decide(refused)
	select {
	case <-s.done:
		return
	default:
	}
	if s.turn.Load() == goes && s.request.Interrupt != nil {
		s.request.Interrupt()
	}
	<-s.done
}

// failure returns what went wrong with the client's body, nil if nothing has.
func (s *sending) failure() error {
	select {
	case <-s.done:
		if errors.Is(s.err, ErrRequestBody) {
			return s.err
		}
	default:
	}
	return nil
}
