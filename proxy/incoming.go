package proxy

import (
	"errors"
	"io"
	"net/http"
	"sync"
	"time"
)

// How long a body may pause before it is given up. There is no TCP keep-alive
// towards clients, so one that vanished in the middle of its body would keep its
// connection for ever, and an upstream connection with it.
const (
	// A short body is read before anything goes up, so that the server has no say
	// in it. nginx waits as long.
	shortPause = time.Minute
	// A stream may be a channel that is kept open (RPC over HTTP): as long as the
	// longest wait is allowed to be silent.
	streamPause = time.Hour
)

var errInterrupted = errors.New("interrupted")

// incoming is the body of a request. Each read of it is bounded, and at its end
// only harmless fields are left of its trailer.
type incoming struct {
	from    io.Reader
	trailer http.Header
	control *http.ResponseController
	pause   time.Duration

	mu          sync.Mutex
	interrupted bool
}

func (b *incoming) Read(p []byte) (int, error) {
	if !b.until(time.Now().Add(b.pause)) {
		return 0, errInterrupted
	}
	n, err := b.from.Read(p)
	if err == nil || err == io.EOF {
		// No deadline between two reads: the server may take its time to take what
		// was read, and after the end net/http reads on to see the client leave.
		b.until(time.Time{})
	}
	if err == io.EOF {
		clean(b.trailer)
	}
	return n, err
}

// until sets the deadline; false: interrupt was called, and its deadline stays.
func (b *incoming) until(deadline time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.interrupted {
		_ = b.control.SetReadDeadline(deadline) // cannot fail but where there is no network (tests)
	}
	return !b.interrupted
}

// interrupt ends a read that is on, and each one after it.
func (b *incoming) interrupt() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.interrupted = true
	_ = b.control.SetReadDeadline(time.Unix(1, 0))
}

// boundRest is for what is left of a body when its request has been answered:
// net/http reads it and sets no limit to that. To keep the connection it may take
// as long as any other piece; where it ends, only so long that the client can read
// its answer before a RST takes it away.
func boundRest(w http.ResponseWriter, r *http.Request) {
	if r.ProtoMajor != 1 || r.ContentLength == 0 {
		return
	}
	pause := shortPause
	if w.Header().Get("Connection") == "close" {
		pause = time.Second
	}
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(pause))
}
