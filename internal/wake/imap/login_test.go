package imap

import (
	"encoding/base64"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/diastole/diastole/internal/wake"
)

// What a phone says as its name or password is one word to the server, whatever is
// in it: none of it may be read as a command.
func TestEveryByteOfAPasswordIsOneWord(t *testing.T) {
	for name, l := range map[string]credentials{
		"plain":             {"user", "secret"},
		"quotes":            {`us"er`, `a\"b\`},
		"a command":         {"user", "x\r\nd2 LOGOUT"},
		"a command in user": {"x\r\nd2 DELETE INBOX\r\n", "y"},
		"a literal":         {"{5}", "{5+}"},
		"latin1":            {"m\xfcller", "\xe4\xff\x80"},
		"control":           {"a\tb", "\x01\x7f\x1b"},
		"all bytes but NUL": {"user", allBytes()},
		"space":             {" ", "  "},
	} {
		for _, caps := range []string{"IMAP4rev1 IDLE", "IMAP4rev1 IDLE AUTH=PLAIN", "IMAP4rev1 IDLE AUTH=PLAIN SASL-IR"} {
			t.Run(name+"/"+caps, func(t *testing.T) {
				in(t, Config{}, func(w *world) {
					w.watch(wake.Mailbox{User: l.user, Password: l.password, Inbox: true})
					s := w.accept()
					s.caps = caps
					s.say("* OK [CAPABILITY " + caps + "] ready")
					if got := s.readLogin(); got != l {
						t.Errorf("the server reads %q, want %q", got, l)
					}
				})
			})
		}
	}
}

func allBytes() string {
	var b strings.Builder
	for c := 1; c < 256; c++ {
		b.WriteByte(byte(c))
	}
	return b.String()
}

// readLogin reads a login as RFC 3501 says, answers it, and reads the command after it.
func (s *server) readLogin() (l credentials) {
	s.Helper()
	line := s.read()
	tag, rest, _ := strings.Cut(line, " ")
	if secret, ok := strings.CutPrefix(rest, "AUTHENTICATE PLAIN"); ok {
		if secret == "" {
			s.say("+ ")
			secret = s.read()
		}
		text, err := base64.StdEncoding.DecodeString(strings.TrimSpace(secret))
		parts := strings.Split(string(text), "\x00")
		if err != nil || len(parts) != 3 || parts[0] != "" {
			s.Fatalf("not PLAIN: %q", line)
		}
		l = credentials{parts[1], parts[2]}
	} else {
		rest, _ = strings.CutPrefix(rest, "LOGIN ")
		l.user, rest = s.word(rest)
		l.password, rest = s.word(strings.TrimPrefix(rest, " "))
		if rest != "" {
			s.Fatalf("%q follows the login", rest)
		}
	}
	s.say(tag + " OK [CAPABILITY " + s.caps + "] in")
	s.wants("EXAMINE INBOX")
	return l
}

// word reads a quoted word or a literal (RFC 3501 9).
func (s *server) word(text string) (word, rest string) {
	s.Helper()
	if size, ok := literal([]byte("* X " + text)); ok && strings.HasPrefix(text, "{") {
		s.say("+ go on")
		body := make([]byte, size)
		if _, err := io.ReadFull(s.lines, body); err != nil {
			s.Fatal(err)
		}
		return string(body), s.read()
	}
	if text == "" || text[0] != '"' {
		s.Fatalf("%q is neither quoted nor a literal", text)
	}
	for i := 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
			word += string(text[i])
		case '"':
			return word, text[i+1:]
		default:
			word += string(text[i])
		}
	}
	s.Fatalf("%q does not end", text)
	return "", ""
}

func TestNobodyLogsInWithWhatNoServerTakes(t *testing.T) {
	in(t, Config{}, func(w *world) {
		for _, m := range []wake.Mailbox{
			{User: "us\x00er", Password: "p"}, {User: "user", Password: "p\x00"}, {User: "user"}, {Password: "p"},
			{User: strings.Repeat("u", 1025), Password: "p"}, {User: "user", Password: strings.Repeat("p", 1025)},
		} {
			m.Inbox = true
			e := w.source.Watch(m, nil)
			if e.Covers() != 0 {
				t.Errorf("%+v is covered", m)
			}
			e.Leave()
		}
		w.watch(wake.Mailbox{User: "user", Password: "secret", Other: true}).covered(0, false)
		w.noDial(time.Hour)
	})
}

func TestAMasterUserLogsInForAll(t *testing.T) {
	in(t, Config{Master: Master{User: "edge", Password: "m"}}, func(w *world) {
		w.watch(wake.Mailbox{User: "anna", Password: "whatever", Inbox: true})
		s := w.accept()
		s.caps = "IMAP4rev1 IDLE"
		s.say("* OK [CAPABILITY IMAP4rev1 IDLE] ready")
		if got, want := s.readLogin(), (credentials{"anna*edge", "m"}); got != want {
			t.Errorf("got %v, want %v", got, want)
		}
		w.watch(wake.Mailbox{User: "anna", Inbox: true})                        // shares it
		w.watch(wake.Mailbox{User: "boss*edge", Inbox: true}).covered(0, false) // would choose by himself
		w.watch(wake.Mailbox{Inbox: true, Password: "x", User: "*"}).covered(0, false)
		w.noDial(30 * time.Second)
	})
}

func TestNoPasswordIsSentWhereItMustNotBe(t *testing.T) {
	for name, c := range map[string]struct {
		tls    string
		lines  []string // what the server says first
		wants  string   // what is asked of it then; "": nothing
		answer string
		kind   trouble
	}{
		"login disabled":         {"none", []string{"* OK [CAPABILITY IMAP4rev1 IDLE LOGINDISABLED STARTTLS] hi"}, "", "", untrusted},
		"no STARTTLS":            {"starttls", []string{"* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] hi"}, "", "", untrusted},
		"STARTTLS refused":       {"starttls", []string{"* OK [CAPABILITY STARTTLS AUTH=PLAIN] hi"}, "STARTTLS", "NO not now", untrusted},
		"a line behind STARTTLS": {"starttls", []string{"* OK [CAPABILITY STARTTLS] hi"}, "STARTTLS", "OK go\r\n* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] evil", untrusted},
		"somebody is in":         {"none", []string{"* PREAUTH hi"}, "", "", unsuitable},
		"somebody is in, TLS":    {"starttls", []string{"* PREAUTH hi"}, "", "", unsuitable},
		"another protocol":       {"none", []string{"220 mail ESMTP"}, "", "", unsuitable},
		"goodbye":                {"none", []string{"* BYE too many connections"}, "", "", limited},
	} {
		t.Run(name, func(t *testing.T) {
			in(t, Config{TLS: c.tls}, func(w *world) {
				e := w.watch(inbox)
				s := w.accept()
				s.say(c.lines...)
				if c.wants != "" {
					tag := s.wants(c.wants)
					s.say(tag + " " + c.answer)
				}
				s.closed()
				e.covered(0, false)
				w.metric("logins_total", c.kind.String(), 1)
			})
		})
	}
}

func TestAPlainServerWhereTLSIsMeantGetsNoPassword(t *testing.T) {
	in(t, Config{TLS: "tls"}, func(w *world) {
		w.watch(inbox)
		s := w.accept()
		go func() { _, _ = io.Copy(io.Discard, s.conn) }()
		s.say("* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] hi")
		synctest.Wait()
		w.metric("logins_total", "tls", 1)
	})
}

func TestCapabilitiesAreAskedForWhereTheyAreNotTold(t *testing.T) {
	in(t, Config{}, func(w *world) {
		e := w.watch(inbox)
		s := w.accept()
		s.say("* OK ready")
		s.does("CAPABILITY", "* CAPABILITY IMAP4rev1 auth=plain sasl-ir")
		s.does("AUTHENTICATE PLAIN " + plain)
		s.does("CAPABILITY", "* CAPABILITY IMAP4rev1 IDLE CONDSTORE")
		s.does("EXAMINE INBOX (CONDSTORE)")
		s.idles()
		e.covered(wake.Inbox, true)
	})
}
