package jmap

import (
	"context"
	"time"
)

// ground is what a source's own context stands on, and never ends. No caller has one
// to give: what listens for a user outlives the request that began it, when another
// request has joined. Close ends the context above it.
type ground struct{}

var _ context.Context = ground{}

// Deadline implements context.Context: there is none.
func (ground) Deadline() (time.Time, bool) { return time.Time{}, false }

// Done implements context.Context: nil, because it does not end.
func (ground) Done() <-chan struct{} { return nil }

// Err implements context.Context.
func (ground) Err() error { return nil }

// Value implements context.Context: there are none.
func (ground) Value(any) any { return nil }
