package imap

import (
	"testing"
	"time"

	"github.com/diastole/diastole/internal/wake"
)

func TestAWaitOnTheInboxAloneIdles(t *testing.T) {
	in(t, Config{}, func(w *world) {
		e := w.watch(inbox)
		e.covered(0, false)
		s := w.accept()
		s.idle(5, 7)
		e.covered(wake.Inbox, true)
		e.heard(1) // nobody knows what was before the connection stood
		for _, line := range []string{"* 4 EXISTS", "* 1 EXPUNGE", `* 2 FETCH (FLAGS (\Seen) MODSEQ (9))`, "* VANISHED 4"} {
			s.say(line)
			e.heard(1)
		}
		for _, line := range []string{"* OK Still here", "* 1 RECENT", `* FLAGS (\Seen)`, "* OK [HIGHESTMODSEQ 9] Highest",
			"* NO Disk is nearly full", "* SEARCH 3 EXISTS", "nonsense", "", "*", "* 5"} {
			s.say(line)
			e.heard(0)
		}
		e.covered(wake.Inbox, false)
		w.metric("connections", "idle", 1)
	})
}

func TestABurstIsToldOnce(t *testing.T) {
	in(t, Config{}, func(w *world) {
		e := w.watch(inbox)
		s := w.accept()
		s.idle(5, 7)
		e.heard(1)
		s.say("* 4 EXISTS\r\n* 1 RECENT\r\n* 1 FETCH (FLAGS ())\r\n* OK [HIGHESTMODSEQ 9] Highest")
		e.heard(1)
		w.metric("changes_total", "", 1)
	})
}

// A hibernated connection is woken by every byte that we send.
func TestAnIdleThatLivesIsNotDisturbedForAlmostHalfAnHour(t *testing.T) {
	in(t, Config{}, func(w *world) {
		w.watch(inbox)
		s := w.accept()
		tag := s.idle(5, 7)
		began := time.Now()
		done := make(chan string)
		go func() { done <- s.read() }()
		for range 13 {
			time.Sleep(2 * time.Minute)
			s.say("* OK Still here")
		}
		if line := <-done; line != "DONE" {
			t.Fatalf("got %q", line)
		}
		if age := time.Since(began); age > 29*time.Minute {
			t.Errorf("DONE after %v, a server may log out after 30 min", age)
		}
		s.say("* 4 EXISTS", tag+" OK done") // as good a moment as any
		s.idles()
		w.metric("reconnects_total", "closed", 0)
	})
}

func TestAServerThatSaysNothingIsAskedAndThenLeft(t *testing.T) {
	in(t, Config{}, func(w *world) {
		e := w.watch(inbox)
		s := w.accept()
		tag := s.idle(5, 7)
		e.heard(1)
		e.covered(wake.Inbox, true)
		if line := s.read(); line != "DONE" {
			t.Fatalf("got %q", line)
		}
		s.say(tag + " OK done")
		s.idles()
		e.covered(wake.Inbox, false)
		if line := s.read(); line != "DONE" {
			t.Fatalf("got %q", line)
		}
		s.closed() // it never got its answer
		e.covered(0, true)
		w.metric("reconnects_total", "hung", 1)
		w.accept().idle(5, 7)
		e.covered(wake.Inbox, true)
		e.heard(0)
	})
}

func TestATokenSaysWhetherAnOutageMissedSomething(t *testing.T) {
	for name, c := range map[string]struct {
		before       []string
		next, modseq int
		heard        int
	}{
		"nothing happened":                       {nil, 5, 7, 0},
		"a mail came":                            {nil, 6, 8, 1},
		"a flag changed":                         {nil, 5, 8, 1},
		"a change was told with its token":       {[]string{"* 4 EXISTS", "* OK [HIGHESTMODSEQ 8] Highest"}, 6, 8, 0},
		"and another one came after it":          {[]string{"* 4 EXISTS", "* OK [HIGHESTMODSEQ 8] Highest"}, 6, 9, 1},
		"a change was told, its token was not":   {[]string{"* 4 EXISTS"}, 6, 8, 1},
		"the mailbox keeps no modseqs":           {nil, 5, 0, 1},
		"the token was followed by a new change": {[]string{"* OK [HIGHESTMODSEQ 8] Highest", "* 4 EXISTS"}, 6, 8, 1},
	} {
		t.Run(name, func(t *testing.T) {
			in(t, Config{}, func(w *world) {
				e := w.watch(inbox)
				s := w.accept()
				s.idle(5, 7)
				s.say(c.before...)
				e.covered(wake.Inbox, true)
				e.mu.Lock()
				e.news = 0
				e.mu.Unlock()
				s.conn.Close()
				e.covered(0, true)
				w.accept().idle(c.next, c.modseq)
				e.covered(wake.Inbox, true)
				e.heard(c.heard)
				w.metric("reconnects_total", "closed", 1)
			})
		})
	}
}

func TestAServerWithoutAnythingCoversNothing(t *testing.T) {
	in(t, Config{}, func(w *world) {
		e := w.watch(both)
		s := w.accept()
		s.caps = "IMAP4rev1 SASL-IR AUTH=PLAIN"
		s.login()
		s.closed()
		e.covered(0, false)
		e.heard(0)
		w.noDial(14 * time.Second)
		if w.told("neither IDLE") != 1 {
			t.Errorf("log: %v", w.log.All())
		}
	})
}

func TestAGoodbyeIsFollowedByANewConnection(t *testing.T) {
	in(t, Config{}, func(w *world) {
		e := w.watch(inbox)
		s := w.accept()
		s.idle(5, 7)
		s.say("* BYE Server shutting down.")
		e.covered(0, true)
		w.accept().idle(5, 7)
		e.covered(wake.Inbox, true)
	})
}
