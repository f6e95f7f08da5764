package upstream

import (
	"context"
	"slices"
	"sync"
	"time"
)

// Leash is a context for one held wait, with a cause and nothing else. It does in
// 64 bytes what context.WithCancelCause does in over 500 once somebody listens to
// it (a channel and a map), and a wait is held for an hour. The zero value is
// ready; it may be a part of another struct and must not be copied.
//
// Any other context may be given to Start as well.
type Leash struct {
	mu    sync.Mutex
	cause error
	tied  []*func()
	done  chan struct{} // made when somebody asks for it
}

// Cancel ends the leash. The first cause counts; it must not be nil.
func (l *Leash) Cancel(cause error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.cause != nil {
		return
	}
	l.cause = cause
	for _, f := range l.tied {
		go (*f)()
	}
	l.tied = nil
	if l.done != nil {
		close(l.done)
	}
}

// AfterFunc is what context.AfterFunc looks for: f runs on a goroutine of its own
// when the leash has ended. stop unties it, and reports whether f will not run.
func (l *Leash) AfterFunc(f func()) (stop func() bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.cause != nil {
		go f()
		return func() bool { return false }
	}
	tied := &f
	l.tied = append(l.tied, tied)
	return func() bool { return l.untie(tied) }
}

func (l *Leash) untie(tied *func()) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	i := slices.Index(l.tied, tied)
	if i < 0 {
		return false
	}
	l.tied = slices.Delete(l.tied, i, i+1)
	return true
}

// Err returns the cause once the leash has ended, and so does context.Cause.
func (l *Leash) Err() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.cause
}

// Done makes a channel, which Start does not need.
func (l *Leash) Done() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.done == nil {
		l.done = make(chan struct{})
		if l.cause != nil {
			close(l.done)
		}
	}
	return l.done
}

// Deadline: there is none.
func (*Leash) Deadline() (time.Time, bool) { return time.Time{}, false }

// Value: there are none.
func (*Leash) Value(any) any { return nil }

// tie is context.AfterFunc, without the context that it would make for f and the
// channel that this would ask for, where ctx can do it itself.
func tie(ctx context.Context, f func()) (stop func() bool) {
	if own, ok := ctx.(interface{ AfterFunc(func()) func() bool }); ok {
		return own.AfterFunc(f)
	}
	return context.AfterFunc(ctx, f)
}
