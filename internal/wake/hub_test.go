package wake

import (
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fake is a source that a test speaks for.
type fake struct {
	name string

	mu     sync.Mutex
	covers Classes
	here   map[*fakeWatching]bool
	seen   []Mailbox
	missed []string
	closed bool
}

type fakeWatching struct {
	source *fake
	heard  func(bool)
}

func newFake(name string, covers Classes) *fake {
	return &fake{name: name, covers: covers, here: map[*fakeWatching]bool{}}
}

func (f *fake) Name() string { return f.name }

func (f *fake) Close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = true
}

func (f *fake) Watch(m Mailbox, heard func(bool)) Watching {
	f.mu.Lock()
	defer f.mu.Unlock()
	w := &fakeWatching{f, heard}
	f.here[w] = true
	f.seen = append(f.seen, m)
	return w
}

func (w *fakeWatching) Covers() Classes {
	w.source.mu.Lock()
	defer w.source.mu.Unlock()
	return w.source.covers
}

func (w *fakeWatching) Leave() {
	w.source.mu.Lock()
	defer w.source.mu.Unlock()
	delete(w.source.here, w)
}

func (f *fake) speak(changed bool) {
	for _, w := range f.watching() {
		w.heard(changed)
	}
}

func (f *fake) watching() (all []*fakeWatching) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for w := range f.here {
		all = append(all, w)
	}
	return all
}

// cover changes what is covered, and says so as the contract asks.
func (f *fake) cover(c Classes) {
	f.mu.Lock()
	f.covers = c
	f.mu.Unlock()
	f.speak(false)
}

// gossip is a fake without a connection of its own.
type gossip struct{ *fake }

func (g gossip) Missed(user string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.missed = append(g.missed, user)
}

func (g gossip) misses() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Clone(g.missed)
}

func silent(bool) {}

func TestAWatcherHearsOfAllSources(t *testing.T) {
	one, two := newFake("one", 0), newFake("two", 0)
	hub := New(Config{Sources: []Source{one, two}, Users: Users{Form: Local}})
	var heard []bool
	w := hub.Watch(Mailbox{User: `D\u@d`, Password: "p", Inbox: true, Other: true}, func(changed bool) { heard = append(heard, changed) })
	one.speak(true)
	two.speak(true)
	two.speak(false)
	if !slices.Equal(heard, []bool{true, true, false}) {
		t.Errorf("heard %v", heard)
	}
	want := Mailbox{User: "u", Password: "p", Inbox: true, Other: true}
	if one.seen[0] != want || two.seen[0] != want {
		t.Errorf("watched %+v and %+v, want the mail store's name of the user, and the rest as it is", one.seen[0], two.seen[0])
	}
	w.Leave()
	w.Leave()
	if len(one.watching())+len(two.watching()) != 0 {
		t.Error("a source keeps it after Leave")
	}
	hub.Close()
	if !one.closed || !two.closed {
		t.Error("a source is left open")
	}
}

func TestCoveredIsTheUnionOfWhatSourcesCover(t *testing.T) {
	for _, c := range []struct {
		name string
		m    Mailbox
		a, b Classes
		want bool
	}{
		{"by one", Mailbox{Inbox: true}, Inbox, 0, true},
		{"each a part", Mailbox{Inbox: true, Mail: true}, Inbox, Mail, true},
		{"more than is waited on", Mailbox{Mail: true}, Inbox | Mail, Other, true},
		{"a part by nobody", Mailbox{Inbox: true, Other: true}, Inbox | Mail, Inbox, false},
		{"none", Mailbox{Inbox: true}, 0, 0, false},
		{"nothing is waited on", Mailbox{}, Inbox | Mail | Other, 0, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			hub := New(Config{Sources: []Source{newFake("a", c.a), newFake("b", c.b)}})
			defer hub.Close()
			w := hub.Watch(c.m, silent)
			defer w.Leave()
			if w.Covered() != c.want {
				t.Errorf("covered %v", !c.want)
			}
		})
	}
}

func TestOnlyASourceThatHasToConnectIsComing(t *testing.T) {
	for _, c := range []struct {
		name    string
		sources []Source
		want    bool
	}{
		{"it has not", []Source{newFake("imap", 0)}, true},
		{"it has, for a part of what is waited on", []Source{newFake("imap", Inbox)}, false},
		{"it is only told, and was not yet", []Source{gossip{newFake("dovecot", 0)}}, false},
		{"one of each", []Source{gossip{newFake("dovecot", Inbox)}, newFake("dav", 0)}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			hub := New(Config{Sources: c.sources})
			defer hub.Close()
			w := hub.Watch(Mailbox{Inbox: true, Other: true}, silent)
			defer w.Leave()
			if w.Coming() != c.want {
				t.Errorf("coming %v", !c.want)
			}
		})
	}
}

func TestMetricsFollowWhoIsWatchedCoveredAndTold(t *testing.T) {
	r := prometheus.NewRegistry()
	one := newFake("one", 0)
	hub := New(Config{Sources: []Source{one}, Metrics: NewMetrics(r, "one")})
	defer hub.Close()
	w := hub.Watch(Mailbox{Inbox: true}, silent)
	other := hub.Watch(Mailbox{Other: true}, silent)
	expect := func(when string, watched, covered, heard float64) {
		t.Helper()
		got := []float64{value(t, r, "watched", ""), value(t, r, "covered", ""), value(t, r, "heard_total", "one")}
		if !slices.Equal(got, []float64{watched, covered, heard}) {
			t.Errorf("%s: watched, covered, heard are %v", when, got)
		}
	}
	expect("nothing covered", 2, 0, 0)
	one.cover(Inbox)
	one.speak(true)
	expect("the inbox covered", 2, 1, 2)
	other.Leave()
	expect("one has left", 1, 1, 2)
	one.cover(0)
	expect("covered no longer", 1, 0, 2)
	one.cover(Inbox)
	w.Leave()
	expect("all have left", 0, 0, 2)
}

func TestAChangeThatASourceSaysNothingOfIsHeldAgainstIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hook := gossip{newFake("hook", Inbox|Mail)}
		r := prometheus.NewRegistry()
		hub := New(Config{Sources: []Source{hook}, Metrics: NewMetrics(r)})
		defer hub.Close()
		w := hub.Watch(Mailbox{User: `D\u`, Password: "p", Inbox: true}, silent)
		time.Sleep(time.Minute)
		w.Missed()
		w.Leave() // the phone has been answered
		time.Sleep(patience - time.Millisecond)
		if got := hook.misses(); len(got) > 0 {
			t.Errorf("held against it too early: %v", got)
		}
		time.Sleep(time.Second)
		if got := hook.misses(); !slices.Equal(got, []string{"u"}) {
			t.Errorf("held against it: %v", got)
		}
		if n := value(t, r, "missed_total", "hook"); n != 1 {
			t.Errorf("%v counted", n)
		}
		if len(hook.watching()) > 0 || hook.seen[1].Password != "" {
			t.Error("the doubt keeps more than it needs, or for longer")
		}
	})
}

func TestAWordThatIsSomewhatLateOrEarlyIsNotMissed(t *testing.T) {
	for name, at := range map[string]time.Duration{"before": -time.Second, "after": 2 * time.Second} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				hook := gossip{newFake("hook", Inbox)}
				hub := New(Config{Sources: []Source{hook}})
				defer hub.Close()
				w := hub.Watch(Mailbox{User: "u", Inbox: true}, silent)
				defer w.Leave()
				time.Sleep(time.Minute)
				if at < 0 {
					hook.speak(true)
					time.Sleep(-at)
				}
				w.Missed()
				if at > 0 {
					time.Sleep(at)
					hook.speak(true)
				}
				time.Sleep(time.Minute)
				if got := hook.misses(); len(got) > 0 {
					t.Errorf("held against it: %v", got)
				}
			})
		})
	}
}

func TestWhatASourceDoesNotCoverAllOfIsNotHeldAgainstIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hook, line := gossip{newFake("hook", Inbox|Mail)}, newFake("line", Inbox|Other)
		hub := New(Config{Sources: []Source{hook, line}})
		defer hub.Close()
		for _, m := range []Mailbox{{User: "u", Inbox: true, Other: true}, {User: "u"}} {
			w := hub.Watch(m, silent)
			time.Sleep(time.Minute)
			w.Missed()
			w.Leave()
			time.Sleep(time.Minute)
		}
		if got := hook.misses(); len(got) > 0 {
			t.Errorf("held against it: %v: the change was perhaps in a calendar", got)
		}
	})
}

func TestDoubtsAreBoundedAndEndWithTheHub(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hook := gossip{newFake("hook", Inbox)}
		hub := New(Config{Sources: []Source{hook}})
		w := hub.Watch(Mailbox{User: "u", Inbox: true}, silent)
		for range 3 * mostDoubts {
			w.Missed()
		}
		w.Leave()
		if n := len(hook.watching()); n != mostDoubts {
			t.Errorf("%d are listened for, at most %d", n, mostDoubts)
		}
		hub.Close()
		if n := len(hook.watching()); n != 0 {
			t.Errorf("%d are listened for after Close", n)
		}
		w.Missed()
		time.Sleep(time.Minute)
		if got := hook.misses(); len(got) > 0 || len(hook.watching()) > 0 {
			t.Errorf("after Close: %v", got)
		}
	})
}

func TestAListenerMayLeaveAndAskInsideWhatItHears(t *testing.T) {
	one := newFake("one", Inbox)
	hub := New(Config{Sources: []Source{one}})
	defer hub.Close()
	var w *Watched
	heard := 0
	w = hub.Watch(Mailbox{Inbox: true}, func(bool) {
		if w.Covered() {
			heard++
		}
		w.Missed()
		w.Leave()
	})
	one.speak(true)
	if heard != 1 || len(one.watching()) != 0 {
		t.Errorf("heard %d times, %d still watch", heard, len(one.watching()))
	}
}
