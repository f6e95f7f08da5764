package edge

import (
	"net/http"
	"time"
)

// streams bounds writes on HTTP/2 as socket does on HTTP/1.1. There the client
// need not stop reading: it is enough that it opens no flow-control window, and
// the write waits for ever while the connection looks healthy.
type streams struct {
	handler http.Handler
	limit   time.Duration
	slow    func()
}

func (s streams) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.ProtoMajor < 2 {
		s.handler.ServeHTTP(w, r)
		return
	}
	stream := &stream{w, http.NewResponseController(w), s}
	// What is still buffered when the handler returns is written after it.
	defer stream.bound(s.limit)
	s.handler.ServeHTTP(stream, r)
}

// stream is the ResponseWriter of one HTTP/2 request.
type stream struct {
	http.ResponseWriter
	control *http.ResponseController
	streams
}

// Write fails, and resets the stream, when it is not done within the limit.
func (s *stream) Write(p []byte) (n int, err error) {
	err = s.within(func() error { n, err = s.ResponseWriter.Write(p); return err })
	return n, err
}

// FlushError is what http.ResponseController looks for.
func (s *stream) FlushError() error { return s.within(s.control.Flush) }

// Flush is http.Flusher.
func (s *stream) Flush() { _ = s.FlushError() }

// Unwrap is how http.ResponseController finds everything else.
func (s *stream) Unwrap() http.ResponseWriter { return s.ResponseWriter }

// within takes the deadline off again: on HTTP/2 it would reset the stream at
// its time also when nothing is being written, in the middle of a wait.
func (s *stream) within(write func() error) error {
	start := time.Now()
	s.bound(s.limit)
	err := write()
	if err != nil && time.Since(start) >= s.limit {
		s.slow()
	}
	s.bound(0)
	return err
}

// bound sets the stream's deadline to that long from now; 0 is none.
func (s *stream) bound(limit time.Duration) {
	var due time.Time
	if limit > 0 {
		due = time.Now().Add(limit)
	}
	_ = s.control.SetWriteDeadline(due) // cannot fail on net/http's own writer
}
