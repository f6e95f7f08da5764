package wake_test

import (
	"sync"
	"testing"
	"time"

	"github.com/diastole/diastole/internal/wake"
)

// patience ends a test that waits for what never comes; nothing is measured by it.
const patience = 60 * time.Second

// ear is one who waits on a mailbox, and remembers all that he was told.
type ear struct {
	t     *testing.T
	leave func()

	mu       sync.Mutex
	told     *sync.Cond
	watching wake.Watching
	news     int            // how often something may have changed
	covered  []wake.Classes // what was covered, each time that it was said to have changed
}

func listen(t *testing.T, source wake.Source, m wake.Mailbox) *ear {
	t.Helper()
	e := &ear{t: t}
	e.told = sync.NewCond(&e.mu)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.watching = source.Watch(m, e.hear)
	e.leave = sync.OnceFunc(e.watching.Leave)
	t.Cleanup(e.leave)
	return e
}

func (e *ear) hear(changed bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if changed {
		e.news++
	} else {
		e.covered = append(e.covered, e.watching.Covers())
	}
	e.told.Broadcast()
}

// await waits until something is so.
func (e *ear) await(what string, so func() bool) {
	e.t.Helper()
	late := false
	timer := time.AfterFunc(patience, func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		late = true
		e.told.Broadcast()
	})
	defer timer.Stop()
	e.mu.Lock()
	defer e.mu.Unlock()
	for !so() {
		if late {
			e.t.Fatalf("waited in vain: %s; heard of %d changes, covered %v", what, e.news, e.covered)
		}
		e.told.Wait()
	}
}

// covers waits until it is said that exactly these classes are covered, and forgets
// what was said before.
func (e *ear) covers(classes wake.Classes) {
	e.t.Helper()
	e.await("the classes covered", func() bool {
		for i, c := range e.covered {
			if c == classes {
				e.covered = e.covered[i+1:]
				return true
			}
		}
		return false
	})
}

// hears does something and waits until it is heard of. Echoes of what was done
// before are let go first: a server may tell of one change in two lines.
func (e *ear) hears(what string, do func() error) {
	e.t.Helper()
	time.Sleep(time.Second)
	before := e.count()
	if err := do(); err != nil {
		e.t.Fatalf("%s: %v", what, err)
	}
	e.await(what, func() bool { return e.news > before })
}

func (e *ear) count() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.news
}
