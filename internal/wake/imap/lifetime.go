package imap

import (
	"context"
	"time"
)

// lifetime ends when its channel is closed: the context under which a keeper dials.
// No caller's context would do: a connection outlives the request that it was made
// for, because the next request of the same phone takes it over.
type lifetime chan struct{}

var _ context.Context = lifetime(nil)

// Deadline implements context.Context: there is none.
func (l lifetime) Deadline() (time.Time, bool) { return time.Time{}, false }

// Done implements context.Context.
func (l lifetime) Done() <-chan struct{} { return l }

// Err implements context.Context.
func (l lifetime) Err() error {
	select {
	case <-l:
		return context.Canceled
	default:
		return nil
	}
}

// Value implements context.Context: there are none.
func (l lifetime) Value(any) any { return nil }
