package upstream

import (
	"context"
	"errors"
	"fmt"
)

// ErrRequestBody marks what went wrong while reading the request's own body: a
// broken chunk or a client that left. The server is not to blame for it.
var ErrRequestBody = errors.New("request body")

// errClosed: the connection may be another exchange's already.
var errClosed = errors.New("upstream body: read after Close")

// Phase is how far an exchange came before it failed.
type Phase uint8

// The phases, in the order of an exchange.
const (
	Dial      Phase = iota // the TCP connection
	Handshake              // TLS
	Await                  // the request is out or on its way, not one byte of an answer has come
	Head                   // the answer has begun: its head, or a 1xx before it, is incomplete or broken
	Body                   // the answer's body
)

func (p Phase) String() string {
	return [...]string{"dial", "handshake", "await", "head", "body"}[p]
}

// Error is a failed exchange with the server.
type Error struct {
	Phase Phase
	Err   error

	reused  bool // on a connection that had served a request before
	late    bool // it came after repeatLimit
	untaken bool // it is proven that the server has not read one byte of it
}

func (e *Error) Error() string { return "upstream " + e.Phase.String() + ": " + e.Err.Error() }

func (e *Error) Unwrap() error { return e.Err }

// Stale reports whether a kept connection died before a byte of the answer: the
// server had most likely closed it while it was idle.
func (e *Error) Stale() bool {
	return e.reused && e.Phase == Await && !errors.Is(e.Err, ErrRequestBody) && !errors.Is(e.Err, errRequest)
}

// plain avoids the non-nil error interface that holds a nil *Error.
func plain(e *Error) error {
	if e == nil {
		return nil
	}
	return e
}

// withCause adds why ctx ended: "use of closed network connection" alone would be
// read as a fault of the server.
func withCause(ctx context.Context, err error) error {
	if ctx.Err() == nil {
		return err
	}
	return fmt.Errorf("%w: %w", context.Cause(ctx), err)
}
