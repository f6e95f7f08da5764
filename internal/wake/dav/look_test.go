package dav

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/diastole/diastole/internal/wake"
)

func TestAChangeIsToldOfAtTheNextLook(t *testing.T) {
	for _, home := range homes {
		inWorld(t, func(w *world) {
			p := w.watching()
			time.Sleep(10 * time.Minute)
			if n := w.looks(); p.heard() != 0 || n < 9 || n > 11 {
				t.Errorf("%d looks in 10 minutes, or told of nothing", n)
			}
			w.change(home)
			time.Sleep(64 * time.Second) // a minute and a twentieth
			if n := p.heard(); n != 1 {
				t.Errorf("told %d times of a change in %s", n, home)
			}
			time.Sleep(10 * time.Minute)
			if p.heard() != 0 {
				t.Error("told again of what was known")
			}
		})
	}
}

func TestACollectionThatComesOrGoesIsAChange(t *testing.T) {
	inWorld(t, func(w *world) {
		lists := func(collections ...string) {
			w.set(func() {
				w.answer = func(rw http.ResponseWriter, r *http.Request) bool {
					rw.WriteHeader(http.StatusMultiStatus)
					rw.Write([]byte(listing(r.URL.Path, collections...)))
					return true
				}
			})
			time.Sleep(64 * time.Second)
		}
		lists("a/", "1", "b/", "2")
		p := w.watching()
		for _, step := range []struct {
			collections string
			told        int
		}{{"b/ 2 a/ 1", 0}, {"a/ 1 b/ 2 c/ 2", 1}, {"a/ 1 b/ 2 c/ 2", 0}, {"a/ 1 c/ 2", 1}, {"a/ 2 c/ 1", 1}} {
			lists(strings.Fields(step.collections)...)
			if n := p.heard(); n != step.told {
				t.Errorf("%s: told %d times, want %d", step.collections, n, step.told)
			}
		}
	})
}

// What changes between the question that a wait begins with and the first look is seen
// by neither, unless the question is asked again.
func TestTheFirstSightOfAUserIsNews(t *testing.T) {
	inWorld(t, func(w *world) {
		w.set(func() { w.slow = 10 * time.Millisecond }) // or it has looked before we have
		p := w.watch(anna())
		if p.Covers() != 0 {
			t.Error("covered before anybody looked")
		}
		settle()
		if p.Covers() != wake.Other || p.heard() != 1 || p.covered != 1 {
			t.Errorf("covers %b", p.Covers())
		}
		q := w.watch(anna()) // it was looked at before this one asks
		settle()
		if q.Covers() != wake.Other || q.heard() != 0 || w.looks() != 1 {
			t.Error("the second one costs a look, or a question")
		}
	})
}

func TestWhoComesBackIsToldOnlyOfWhatHasHappened(t *testing.T) {
	for _, away := range []time.Duration{time.Second, 30 * time.Second, 10 * time.Minute, 55 * time.Minute} {
		for _, changes := range []int{0, 1} {
			inWorld(t, func(w *world) {
				w.set(func() { w.slow = 10 * time.Millisecond })
				w.watching().Leave()
				time.Sleep(away)
				if w.looks() != 0 {
					t.Error("looked at although nobody waits")
				}
				if changes > 0 {
					w.change("Contacts/")
				}
				p := w.watch(anna())
				if fresh := away < 2*time.Minute; (p.Covers() != 0) != fresh {
					t.Errorf("after %v it covers %b", away, p.Covers())
				}
				time.Sleep(64 * time.Second)
				if n := p.heard(); n != changes || p.Covers() != wake.Other {
					t.Errorf("after %v told %d times of %d changes, covers %b", away, n, changes, p.Covers())
				}
			})
		}
	}
}

func TestAfterAnHourItIsForgotten(t *testing.T) {
	inWorld(t, func(w *world) {
		w.watching().Leave()
		time.Sleep(lingers + time.Second)
		if w.accounts() != 0 {
			t.Error("still kept")
		}
		p := w.watch(anna())
		settle()
		if p.heard() != 1 {
			t.Error("the first sight is no news")
		}
	})
}

func TestAllWithTheSamePasswordShareOneLook(t *testing.T) {
	inWorld(t, func(w *world) {
		p, q := w.watch(anna()), w.watch(anna())
		other := anna()
		other.Password = "older"
		r := w.watch(other)
		settle()
		if n := w.looks(); n != 2 || p.heard() != 1 || q.heard() != 1 || r.heard() != 0 || r.Covers() != 0 {
			t.Errorf("%d looks, the stranger covers %b", n, r.Covers())
		}
		p.Leave()
		p.Leave()
		w.change("Calendar/")
		time.Sleep(64 * time.Second)
		if p.heard() != 0 || q.heard() != 1 {
			t.Error("the one who stayed was not told, or the one who left")
		}
	})
}

func TestWhoWaitsOnMailOrHasNoPasswordIsNotLookedAt(t *testing.T) {
	inWorld(t, func(w *world) {
		for _, m := range []wake.Mailbox{
			{User: "anna", Password: "secret", Inbox: true, Mail: true}, {User: "anna", Other: true}, {Password: "secret", Other: true},
			{User: "an:na", Password: "secret", Other: true}, {User: "..", Password: "secret", Other: true}, {User: ".", Password: "secret", Other: true},
		} {
			if p := w.watch(m); p.Covers() != 0 {
				t.Errorf("%q is covered", m.User)
			}
		}
		settle()
		if w.looks() != 0 || w.accounts() != 0 {
			t.Error("looked at")
		}
	})
}

func TestANameIsOneStepOfThePath(t *testing.T) {
	inWorld(t, func(w *world) {
		paths := map[string]bool{}
		w.set(func() {
			w.answer = func(_ http.ResponseWriter, r *http.Request) bool { paths[r.RequestURI] = true; return false }
		})
		for _, user := range []string{"a@b.test", "../bert", "a b?c#d%2e"} {
			m := anna()
			m.User = user
			w.watch(m)
		}
		settle()
		for _, want := range []string{"a@b.test", "..%2Fbert", "a%20b%3Fc%23d%252e"} {
			if !paths["/SOGo/dav/"+want+"/Calendar/"] {
				t.Errorf("%s was not asked for: %v", want, paths)
			}
		}
	})
}

func TestAStartWithManyIsSpread(t *testing.T) {
	inWorld(t, func(w *world) {
		w.set(func() { w.slow = 5 * time.Millisecond })
		const users = 400
		for i := range users {
			m := anna()
			m.User = fmt.Sprint("user", i)
			w.watch(m)
		}
		begun := time.Now()
		for w.count("users_covered", "") < users {
			time.Sleep(100 * time.Millisecond)
		}
		w.set(func() {
			if took := time.Since(begun); took < 4*time.Second || took > 6*time.Second || w.top > looksAtOnce {
				t.Errorf("%d looks took %v, %d at once", users, took, w.top)
			}
		})
		w.looks()
		time.Sleep(10 * time.Minute) // and they stay apart
		n := w.looks()
		w.set(func() {
			if n < users*9 || n > users*11 || w.top > looksAtOnce {
				t.Errorf("%d looks in ten minutes, %d at once", n, w.top)
			}
		})
	})
}
