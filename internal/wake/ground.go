package wake

import (
	"context"
	"time"
)

// Ground is what a source's own context stands on, and never ends. No caller has one
// to give: what listens for a user outlives the request that began it, when another
// request has joined. Close ends the context above it.
type Ground struct{}

var _ context.Context = Ground{}

// Deadline implements context.Context: there is none.
func (Ground) Deadline() (time.Time, bool) { return time.Time{}, false }

// Done implements context.Context: nil, because it does not end.
func (Ground) Done() <-chan struct{} { return nil }

// Err implements context.Context.
func (Ground) Err() error { return nil }

// Value implements context.Context: there are none.
func (Ground) Value(any) any { return nil }
