package wake_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/diastole/diastole/internal/wake"
	"github.com/diastole/diastole/test/dovecot"
)

// patience ends a test that waits for what never comes; nothing is measured by it.
const patience = 60 * time.Second

// ear is one who waits on a mailbox.
type ear struct {
	t        *testing.T
	watching wake.Watching
	news     chan struct{} // something may have changed
	covering chan struct{} // Covers may have changed
	leave    func()
}

func listen(t *testing.T, source wake.Source, m wake.Mailbox) *ear {
	t.Helper()
	e := &ear{t: t, news: make(chan struct{}, 1), covering: make(chan struct{}, 1)}
	e.watching = source.Watch(m, func(changed bool) {
		c := e.covering
		if changed {
			c = e.news
		}
		select {
		case c <- struct{}{}:
		default:
		}
	})
	e.leave = sync.OnceFunc(e.watching.Leave)
	t.Cleanup(e.leave)
	return e
}

// covers waits until exactly these classes are covered.
func (e *ear) covers(classes wake.Classes) {
	e.t.Helper()
	for limit := time.After(patience); e.watching.Covers() != classes; {
		select {
		case <-e.covering:
		case <-limit:
			e.t.Fatalf("covers %b, want %b", e.watching.Covers(), classes)
		}
	}
}

// hears does something and waits until it is heard of. Echoes of what was done
// before are let go first, as far as they have come.
func (e *ear) hears(what string, do func() error) {
	e.t.Helper()
	e.quiet()
	if err := do(); err != nil {
		e.t.Fatalf("%s: %v", what, err)
	}
	select {
	case <-e.news:
	case <-time.After(patience):
		e.t.Fatalf("%s was not heard of", what)
	}
}

// quiet waits until nothing is heard for longer than a server holds news back: it
// may tell of one change in two lines.
func (e *ear) quiet() {
	for {
		select {
		case <-e.news:
		case <-time.After(1500 * time.Millisecond):
			return
		}
	}
}

func login(t *testing.T, server *dovecot.Server, user string) *dovecot.Session {
	t.Helper()
	s, err := server.Login(user)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func do(s *dovecot.Session, commands ...string) error {
	for _, command := range commands {
		if _, err := s.Do(command); err != nil {
			return err
		}
	}
	return nil
}

// awaitLog waits until the server has logged a text.
func awaitLog(t *testing.T, server *dovecot.Server, text string) {
	t.Helper()
	for limit := time.Now().Add(patience); !strings.Contains(server.Log(), text); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(limit) {
			t.Fatalf("the server never logged %q:\n%s", text, server.Log())
		}
	}
}
