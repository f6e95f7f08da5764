package imap

import (
	"testing"
	"time"

	"github.com/diastole/diastole/internal/wake"
)

const inboxStatus, sentStatus = "* STATUS INBOX (MESSAGES 3 UIDNEXT 5 UIDVALIDITY 9 UNSEEN 1 HIGHESTMODSEQ 7)",
	`* STATUS "Sent (old)" (MESSAGES 3 UIDNEXT 5 UIDVALIDITY 9 UNSEEN 1 HIGHESTMODSEQ 7)`

func TestAWaitOnMoreThanTheInboxNotifies(t *testing.T) {
	in(t, Config{}, func(w *world) {
		e, only := w.watch(both), w.watch(inbox)
		s := w.accept()
		s.notify(inboxStatus, sentStatus)
		e.covered(wake.Inbox|wake.Mail, true)
		e.heard(1)
		only.heard(1)
		for _, c := range []struct {
			line          string
			both, onInbox int
		}{
			{"* STATUS INBOX (MESSAGES 4 UIDNEXT 6 UNSEEN 2 HIGHESTMODSEQ 8)", 1, 1},
			{"* STATUS inbox (HIGHESTMODSEQ 9)", 1, 1},
			{`* STATUS "Sent (old)" (HIGHESTMODSEQ 8)`, 1, 0},
			{`* STATUS "Sent (old)" (HIGHESTMODSEQ 8)`, 0, 0},        // told twice
			{"* STATUS {4}\r\nNew\" (MESSAGES 1 UIDNEXT 2)", 1, 0},   // a new folder
			{"* STATUS {4}\r\nNew\" (MESSAGES 1 UIDNEXT 2)", 1, 0},   // without a modseq nothing is proved
			{`* LIST () "/" Other ("OLDNAME" ("Sent (old)"))`, 1, 1}, // the tree is everybody's
			{"* STATUS", 1, 1}, // not understood
			{"* OK Still here", 0, 0},
			{"* 5 EXISTS", 0, 0},
		} {
			s.say(c.line)
			e.heard(c.both)
			only.heard(c.onInbox)
			if t.Failed() {
				t.Fatalf("after %q", c.line)
			}
		}
		w.metric("connections", "notify", 1)
	})
}

func TestNotifyIsKeptAliveWithANoop(t *testing.T) {
	in(t, Config{Quiet: time.Hour}, func(w *world) {
		e := w.watch(both)
		s := w.accept()
		s.notify(inboxStatus)
		e.heard(1)
		began := time.Now()
		tag := s.wants("NOOP")
		if age := time.Since(began); age > 25*time.Minute {
			t.Errorf("NOOP after %v, Dovecot closes after 30 min", age)
		}
		s.say("* STATUS INBOX (HIGHESTMODSEQ 8)", tag+" OK done")
		e.heard(1)
		s.wants("NOOP")
		s.closed() // not answered
		w.metric("reconnects_total", "hung", 1)
	})
}

func TestLostEventsAreFoundByTheTokens(t *testing.T) {
	for name, c := range map[string]struct {
		line, after string
		heard       int
	}{
		"nothing lost": {"* NO NOTIFY error, some events may have got lost", sentStatus, 0},
		"lost":         {"* NO NOTIFY error, some events may have got lost", "* STATUS \"Sent (old)\" (UIDNEXT 5 UIDVALIDITY 9 HIGHESTMODSEQ 8)", 1},
		"overflow":     {"* OK [NOTIFICATIONOVERFLOW] too much", sentStatus, 0},
		"a new folder": {"* OK [NOTIFICATIONOVERFLOW] too much", sentStatus + "\r\n* STATUS New (UIDNEXT 1 UIDVALIDITY 9 HIGHESTMODSEQ 1)", 1},
	} {
		t.Run(name, func(t *testing.T) {
			in(t, Config{}, func(w *world) {
				e, only := w.watch(both), w.watch(inbox)
				s := w.accept()
				s.notify(inboxStatus, sentStatus)
				e.heard(1)
				only.heard(1)
				s.say(c.line)
				s.closed()
				w.accept().notify(inboxStatus, c.after)
				e.heard(c.heard)
				only.heard(0)
				w.metric("reconnects_total", "events_lost", 1)
			})
		})
	}
}

func TestAServerThatRefusesAnEventIsAskedForLess(t *testing.T) {
	in(t, Config{}, func(w *world) {
		e := w.watch(both)
		s := w.accept()
		s.login()
		s.does("ENABLE CONDSTORE")
		tag := s.wants(notifyAll)
		s.say(inboxStatus, tag+" NO [BADEVENT (FlagChange MessageNew MessageExpunge)] no names")
		s.does("NOTIFY SET STATUS (personal (MessageNew MessageExpunge FlagChange))", inboxStatus)
		e.covered(wake.Inbox|wake.Mail, true)
	})
}

func TestAServerThatRefusesNotifyIsIdledAndNotAskedAgain(t *testing.T) {
	in(t, Config{}, func(w *world) {
		e := w.watch(both)
		s := w.accept()
		s.login()
		s.does("ENABLE CONDSTORE")
		tag := s.wants(notifyAll)
		s.say(tag + " NO disabled")
		s.does("EXAMINE INBOX (CONDSTORE)", "* OK [UIDVALIDITY 9] .", "* OK [HIGHESTMODSEQ 7] .")
		s.idles()
		e.covered(wake.Inbox, true)
		w.watch(both)
		s.conn.Close()
		w.accept().idle(5, 7)
		e.covered(wake.Inbox, true)
	})
}

func TestAServerWithoutNotifyIsIdled(t *testing.T) {
	for _, mode := range []string{"auto", "notify"} {
		in(t, Config{Mode: mode}, func(w *world) {
			e := w.watch(both)
			s := w.accept()
			s.caps = "IMAP4rev1 SASL-IR AUTH=PLAIN IDLE"
			s.login()
			s.does("EXAMINE INBOX", "* OK [UIDVALIDITY 9] .")
			s.idles()
			e.covered(wake.Inbox, true)
		})
	}
}

func TestWhoWaitsOnMoreChangesTheConnectionOver(t *testing.T) {
	in(t, Config{}, func(w *world) {
		first := w.watch(inbox)
		s := w.accept()
		s.idle(5, 7)
		first.covered(wake.Inbox, true)
		first.heard(1)
		second := w.watch(both)
		s.closed()
		w.accept().notify(inboxStatus, sentStatus)
		second.covered(wake.Inbox|wake.Mail, true)
		second.heard(1)
		first.heard(0) // the inbox's token is the one from before
		w.metric("reconnects_total", "mode", 1)
		second.Leave()
		w.noDial(5 * time.Minute) // and not back: it would soon be needed again
	})
}

func TestWhoComesWhileItConnectsChangesItOverToo(t *testing.T) {
	in(t, Config{}, func(w *world) {
		w.watch(inbox)
		s := w.accept()
		s.login()
		tag := s.wants("EXAMINE INBOX (CONDSTORE)")
		second := w.watch(both)
		s.say(tag + " OK")
		s.idles()
		s.closed()
		w.accept().notify(inboxStatus)
		second.covered(wake.Inbox|wake.Mail, true)
	})
}

func TestTheModeCanBeForced(t *testing.T) {
	in(t, Config{Mode: "notify"}, func(w *world) {
		e := w.watch(inbox)
		w.accept().notify(inboxStatus)
		e.covered(wake.Inbox|wake.Mail, true)
	})
	in(t, Config{Mode: "idle"}, func(w *world) {
		e := w.watch(both)
		w.accept().idle(5, 7)
		e.covered(wake.Inbox, true)
		none := w.watch(wake.Mailbox{Mail: true}) // IDLE has nothing for this one
		none.covered(0, false)
		none.Leave()
	})
}
