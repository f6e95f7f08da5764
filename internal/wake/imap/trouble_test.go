package imap

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/diastole/diastole/internal/wake"
)

func TestARefusalIsUnderstood(t *testing.T) {
	for line, want := range map[string]struct {
		kind    trouble
		setting string
	}{
		"d1 NO [AUTHENTICATIONFAILED] Authentication failed.": {refused, ""},
		"d1 NO [AUTHORIZATIONFAILED] not this mailbox":        {refused, ""},
		"d1 NO [EXPIRED] change it":                           {refused, ""},
		"d1 NO LOGIN failed.":                                 {refused, ""},
		"d1 NO [LIMIT] Maximum number of connections from user+IP exceeded (mail_max_userip_connections=10)":       {limited, "mail_max_userip_connections=10"},
		"d1 NO [UNAVAILABLE] Maximum number of connections from user+IP exceeded (mail_max_userip_connections=10)": {limited, "mail_max_userip_connections=10"},
		"d1 NO [limit] enough":                        {limited, ""},
		"d1 NO [INUSE] in use":                        {limited, ""},
		"d1 NO Too many simultaneous connections.":    {limited, ""},
		"* BYE Too many connections":                  {limited, ""},
		"d1 NO [UNAVAILABLE] Temporary auth failure.": {unavailable, ""},
		"d1 NO [SERVERBUG] oops":                      {unavailable, ""},
		"* BYE Server shutting down.":                 {unavailable, ""},
		"d1 BAD what?":                                {unsuitable, ""},
	} {
		if f := turnedDown(parse([]byte(line))); f.trouble != want.kind || f.setting != want.setting {
			t.Errorf("%s: %v %q, want %v %q", line, f.trouble, f.setting, want.kind, want.setting)
		}
	}
}

// refuse answers a login with NO.
func (s *server) refuse(with string) {
	s.Helper()
	s.say("* OK [CAPABILITY " + s.caps + "] ready")
	tag := s.wants("AUTHENTICATE PLAIN " + plain)
	s.say(tag + " " + with)
	s.closed()
}

// The phone of somebody who has changed his password must not lock his account.
func TestAWrongPasswordIsTriedAgainOnlyForANewRequestAndNotTwiceAMinute(t *testing.T) {
	in(t, Config{}, func(w *world) {
		first := w.watch(inbox)
		w.accept().refuse("NO [AUTHENTICATIONFAILED] no")
		first.covered(0, false)
		w.noDial(10 * time.Hour)
		w.metric("connections", "refused", 1)
		second := w.watch(inbox)
		w.accept().refuse("NO [AUTHENTICATIONFAILED] no")
		first.Leave()
		second.Leave()
		for range 5 { // it asks again at once, as old phones do
			e := w.watch(inbox)
			w.noDial(10 * time.Second)
			e.Leave()
		}
		w.noDial(20 * time.Second)
		other := w.watch(wake.Mailbox{User: "user", Password: "new", Inbox: true})
		s := w.accept()
		if got := s.readNew(); got != "new" {
			t.Errorf("logged in with %q", got)
		}
		other.covered(0, false)
		if n := w.log.Len(); n != 0 {
			t.Errorf("a wrong password is logged: %v", w.log.All())
		}
		w.metric("logins_total", "refused", 2)
	})
}

func TestAWrongPasswordKeepsNobodyWaiting(t *testing.T) {
	in(t, Config{Logins: 1}, func(w *world) {
		w.watch(wake.Mailbox{User: "old", Password: "old", Inbox: true})
		s := w.accept()
		s.say("* OK [CAPABILITY " + everything + "] ready")
		tag, _, _ := strings.Cut(s.read(), " ") // and now it takes its time
		e := w.watch(inbox)
		w.accept().idle(5, 7)
		e.covered(wake.Inbox, true)
		s.say(tag + " NO [AUTHENTICATIONFAILED] no")
		s.closed()
		w.watch(wake.Mailbox{User: "third", Password: "p", Inbox: true})
		w.accept() // the turn that was given back early is not given back twice
		w.watch(wake.Mailbox{User: "fourth", Password: "p", Inbox: true})
		w.noDial(slow / 2)
	})
}

func (s *server) readNew() string {
	s.Helper()
	s.caps = "IMAP4rev1 IDLE"
	s.say("* OK [CAPABILITY IMAP4rev1 IDLE] ready")
	return s.readLogin().password
}

func TestAServersLimitIsToldOnceWithItsName(t *testing.T) {
	in(t, Config{}, func(w *world) {
		const limit = "NO [LIMIT] Maximum number of connections from user+IP exceeded (mail_max_userip_connections=10)"
		e := w.watch(inbox)
		began := time.Now()
		for i := range 4 {
			w.accept().refuse(limit)
			if i == 3 && time.Since(began) < 3*time.Minute {
				t.Errorf("the fourth attempt after %v", time.Since(began))
			}
		}
		e.covered(0, false)
		if told := w.told("mail_max_userip_connections=10"); told != 1 {
			t.Errorf("log: %v", w.log.All())
		}
		w.metric("logins_total", "limit", 4)
		w.accept().idle(5, 7)
		e.covered(wake.Inbox, true)
	})
}

func TestAMasterUserThatIsRefusedIsTold(t *testing.T) {
	in(t, Config{Master: Master{User: "edge", Password: "m"}}, func(w *world) {
		for _, user := range []string{"a", "b"} {
			w.watch(wake.Mailbox{User: user, Inbox: true})
			s := w.accept()
			s.say("* OK [CAPABILITY IMAP4rev1 IDLE SASL-IR AUTH=PLAIN] ready")
			s.say(s.read()[:2] + " NO [AUTHENTICATIONFAILED] no")
			s.closed()
		}
		synctest.Wait()
		if w.told("wake.imap.master") != 1 {
			t.Errorf("log: %v", w.log.All())
		}
	})
}

func TestAServerThatIsAwayIsTriedMoreAndMoreSeldom(t *testing.T) {
	in(t, Config{}, func(w *world) {
		e := w.watch(inbox)
		var last time.Time
		var longest time.Duration
		for range 20 {
			s := w.accept()
			if !last.IsZero() {
				longest = max(longest, time.Since(last))
			}
			last = time.Now()
			s.conn.Close()
		}
		if longest < 15*time.Second || longest > 45*time.Second {
			t.Errorf("the longest pause was %v", longest)
		}
		w.accept().idle(5, 7)
		e.covered(wake.Inbox, true)
		if down, up := w.log.FilterMessageSnippet("down").FilterLevelExact(1).Len(), w.log.FilterMessageSnippet("up again").Len(); down != 1 || up != 1 {
			t.Errorf("told %d times that it is down and %d times that it is up: %v", down, up, w.log.All())
		}
		w.metric("logins_total", "unreachable", 20)
		w.metric("logins_total", "ok", 1)
	})
}

// A login may be slow, but must end.
func TestALoginThatIsNotAnsweredEnds(t *testing.T) {
	in(t, Config{}, func(w *world) {
		w.watch(inbox)
		var last time.Time
		for i := range 8 {
			s := w.accept()
			if pause := time.Since(last) - time.Minute; i == 7 && pause < 10*time.Second {
				t.Errorf("the eighth attempt %v after the seventh had failed", pause)
			}
			last = time.Now()
			s.say("* OK [CAPABILITY " + everything + "] ready")
			s.read()
			s.closed()
		}
		w.metric("logins_total", "unreachable", 8)
	})
}

func TestAHostileServerFillsNoMemory(t *testing.T) {
	for name, line := range map[string]string{
		"a line":          "* 1 FETCH (" + string(make([]byte, longest)),
		"a literal":       "* STATUS {70000}",
		"a huge literal":  "* STATUS {99999999999999999999}\r\n* STATUS {9223372036854775807}",
		"many literals":   "* STATUS {30000}\r\n" + string(make([]byte, 30000)) + "{30000}\r\n" + string(make([]byte, 30000)) + "{30000}",
		"somebody else's": "d77 OK done",
	} {
		t.Run(name, func(t *testing.T) {
			in(t, Config{}, func(w *world) {
				e := w.watch(inbox)
				s := w.accept()
				s.login()
				s.wants("EXAMINE INBOX (CONDSTORE)")
				go func() { _, _ = s.conn.Write([]byte(line + "\r\n")) }()
				s.closed()
				e.covered(0, false)
			})
		})
	}
}
