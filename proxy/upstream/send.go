package upstream

import (
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"
)

var buffers = sync.Pool{New: func() any { b := make([]byte, 0, 4096); return &b }}

// Pieces is the size in which a stream is passed on.
const pieces = 32 << 10

var pieceBuffers = sync.Pool{New: func() any { b := make([]byte, pieces); return &b }}

// begin writes the request, or its head and starts the stream.
func (x *Response) begin() error {
	b := buffers.Get().(*[]byte)
	defer func() {
		if cap(*b) <= 64<<10 {
			buffers.Put(b)
		}
	}()
	head := x.request.appendHead((*b)[:0])
	switch { // one write: one segment, one TLS record
	case x.request.Stream != nil:
	case x.request.Chunked:
		if len(x.request.Bytes) > 0 {
			head = appendChunk(head, x.request.Bytes)
		}
		head = appendLastChunk(head, x.request.Trailer)
	default:
		head = append(head, x.request.Bytes...)
	}
	*b = head
	if _, err := x.conn.Write(head); err != nil {
		return err
	}
	if x.request.Stream == nil {
		return nil
	}
	x.send = &sending{
		conn: x.conn, request: x.request,
		goOn: make(chan struct{}), abandoned: make(chan struct{}), done: make(chan struct{}),
	}
	if !x.request.AwaitContinue {
		close(x.send.goOn)
	}
	go x.send.run()
	return nil
}

// goOn starts a stream that waited for 100 (Continue).
func (x *Response) goOn() {
	if x.send != nil && x.request.AwaitContinue && !x.continued {
		x.continued = true
		close(x.send.goOn)
	}
}

// interruptSending returns when nothing reads the client's body any more: a
// handler that returned before would leave a reader behind it, which net/http
// forbids. The connection is closed or at rest when it is called.
func (x *Response) interruptSending() {
	if x.send == nil || x.send.finished() {
		return
	}
	close(x.send.abandoned)
	if x.request.Interrupt != nil && x.send.reading.Load() {
		x.request.Interrupt()
	}
	<-x.send.done
}

// sending is a request body on its way up while the answer may already be
// coming down (RPC over HTTP and EWS do both at once).
type sending struct {
	conn      *conn
	request   *Request
	goOn      chan struct{} // closed when the body may go
	abandoned chan struct{} // closed when nobody wants it any more
	reading   atomic.Bool   // the client's body is being read
	done      chan struct{}
	err       error // set before done is closed
}

// continuePatience is how long a body waits for the server's 100 before it goes
// all the same: some servers never say it (sogod), RFC 9110 10.1.1.
const continuePatience = time.Second

var errAbandoned = errors.New("the answer came before the body was wanted")

func (s *sending) run() {
	defer close(s.done)
	patience := time.NewTimer(continuePatience)
	defer patience.Stop()
	select {
	case <-s.goOn:
	case <-patience.C:
	case <-s.abandoned:
		s.err = errAbandoned
		return
	}
	s.reading.Store(true)
	select { // after the store, so that one of the two sides sees the other
	case <-s.abandoned:
		s.err = errAbandoned
		return
	default:
	}
	s.err = s.copy()
	if errors.Is(s.err, ErrRequestBody) {
		// The server must not take what came for the whole, and our own
		// reading must end.
		s.conn.Close()
	}
	// A failed write is not the last word: a server that refuses a large body
	// answers 413 and closes, and that answer is still to be read.
}

func (s *sending) copy() error {
	piece := pieceBuffers.Get().(*[]byte)
	defer pieceBuffers.Put(piece)
	var framed []byte
	for {
		n, err := s.request.Stream.Read(*piece)
		if n > 0 {
			out := (*piece)[:n]
			if s.request.Chunked {
				framed = appendChunk(framed[:0], out)
				out = framed
			}
			if _, werr := s.conn.Write(out); werr != nil {
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
	if !s.request.Chunked {
		return nil
	}
	_, err := s.conn.Write(appendLastChunk(framed[:0], s.request.Trailer))
	return err
}

// finished reports whether the whole body went out.
func (s *sending) finished() bool {
	select {
	case <-s.done:
		return s.err == nil
	default:
		return false
	}
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
