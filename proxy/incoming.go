package proxy

import (
	"errors"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/diastole/diastole/proxy/upstream"
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
	request *http.Request
	control *http.ResponseController
	pause   time.Duration
	ended   bool // it was read to its end

	mu          sync.Mutex
	heldBack    bool // by Expect: 100-continue, until something of it was read
	interrupted bool
	brokenOff   bool // interrupted while the client was there
}

func (b *incoming) Read(p []byte) (int, error) {
	if !b.until(time.Now().Add(b.pause)) {
		return 0, errInterrupted
	}
	n, err := b.from.Read(p)
	b.granted()
	if err == nil || err == io.EOF {
		// No deadline between two reads: the server may take its time to take what
		// was read, and after the end net/http reads on to see the client leave.
		b.until(time.Time{})
	}
	if err == io.EOF {
		b.ended = true
		clean(b.request.Trailer)
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

var past = time.Unix(1, 0)

// interrupt ends a read that is on, and each one after it.
func (b *incoming) interrupt() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.brokenOff = b.brokenOff || b.request.Context().Err() == nil // net/http will take it for a client that left
	b.interrupted = true
	_ = b.control.SetReadDeadline(past)
}

// granted notes that net/http has written its 100 (Continue).
func (b *incoming) granted() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.heldBack = false
}

// awaits reports whether net/http may yet write a 100 (Continue).
func (b *incoming) awaits() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.heldBack
}

// afterContinue keeps other 1xx back until net/http has written its 100, which it
// does from the goroutine that reads the body: the two would meet.
func (b *incoming) afterContinue(pass func(int, []upstream.Field)) func(int, []upstream.Field) {
	return func(status int, fields []upstream.Field) {
		if !b.awaits() {
			pass(status, fields)
		}
	}
}
