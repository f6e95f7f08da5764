package lab

import (
	"context"
	"sync"
	"time"
)

// lifetime is the context of something that lives from its making to its Close: a server, a firewall, a recorder.
// No request stands above them that they could take a context from.
type lifetime struct {
	done chan struct{}
	once sync.Once
}

var _ context.Context = (*lifetime)(nil)

func newLifetime() *lifetime { return &lifetime{done: make(chan struct{})} }

// end ends it; once is enough.
func (l *lifetime) end() { l.once.Do(func() { close(l.done) }) }

// Done implements context.Context.
func (l *lifetime) Done() <-chan struct{} { return l.done }

// Err implements context.Context.
func (l *lifetime) Err() error {
	select {
	case <-l.done:
		return context.Canceled
	default:
		return nil
	}
}

// Deadline implements context.Context: there is none.
func (l *lifetime) Deadline() (time.Time, bool) { return time.Time{}, false }

// Value implements context.Context: there is nothing.
func (l *lifetime) Value(any) any { return nil }
