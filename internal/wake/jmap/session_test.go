package jmap

import (
	"context"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/diastole/diastole/internal/lab"
	"github.com/diastole/diastole/internal/wake"
)

// dialled makes the source remember where it connects to.
func (w *world) dialled() func() []string {
	var mu sync.Mutex
	var to []string
	w.source.config.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		mu.Lock()
		defer mu.Unlock()
		to = append(to, address)
		return w.pipe.Dial(ctx, network, address)
	}
	return func() []string {
		mu.Lock()
		defer mu.Unlock()
		slices.Sort(to)
		return slices.Compact(to)
	}
}

func TestCredentialsGoToNoHostButTheConfiguredOne(t *testing.T) {
	for _, location := range []string{
		"https://evil.test/jmap/session", "http://mail.test.evil.test/", "//evil.test/", "http://mail.test@evil.test/",
		"https://anna:secret@evil.test", "javascript:alert(1)", "http://evil.test:80/.well-known/jmap", "",
	} {
		t.Run(location, func(t *testing.T) {
			inWorld(t, lab.JMAPConfig{}, func(w *world) {
				dialled := w.dialled()
				w.lab.Inject(lab.Fault{Match: lab.OnPath("/.well-known/"), Kind: lab.FaultHTTP, Code: 301, Header: http.Header{"Location": {location}}})
				p := w.watch(anna())
				time.Sleep(time.Hour)
				if got := dialled(); !slices.Equal(got, []string{"mail.test:80"}) {
					t.Errorf("connected to %v", got)
				}
				if location != "" && (p.Covers() != 0 || w.count("failures_total", "redirect") == 0) {
					t.Errorf("covers %b, redirects counted %v", p.Covers(), w.count("failures_total", "redirect"))
				}
			})
		})
	}
}

func TestASessionThatNamesOtherHostsIsServedByTheConfiguredOne(t *testing.T) {
	for _, announced := range []string{"http://localhost", "https://10.0.0.7:8443", "http://mail.test:8080", "https://anna@evil.test"} {
		t.Run(announced, func(t *testing.T) {
			inWorld(t, lab.JMAPConfig{Announced: announced}, func(w *world) {
				dialled := w.dialled()
				p := w.listening(anna())
				w.deliver("anna")
				synctest.Wait()
				if p.heard() != 1 || !slices.Equal(dialled(), []string{"mail.test:80"}) {
					t.Errorf("connected to %v", dialled())
				}
			})
		})
	}
}

func TestAnEndlessRedirectEnds(t *testing.T) {
	inWorld(t, lab.JMAPConfig{}, func(w *world) {
		w.lab.Inject(lab.Fault{Kind: lab.FaultHTTP, Code: 302, Header: http.Header{"Location": {"/.well-known/jmap"}}})
		w.watch(anna())
		settle()
		if w.count("failures_total", "redirect") != 1 {
			t.Error("not given up")
		}
	})
}

// hostile are answers to the session's URL, and the reason they are counted under.
func TestSessionsThatAreNoneAreRefused(t *testing.T) {
	const account = `"accounts":{"a":{"isPersonal":true,"accountCapabilities":{"urn:ietf:params:jmap:mail":{}}}}`
	for name, c := range map[string]struct{ body, why string }{
		"a sign-in page":       {"<!DOCTYPE html><html><title>Sign in</title></html>", "malformed"},
		"nothing":              {"", "malformed"},
		"half of one":          {`{"apiUrl":"/jmap/api","accounts":{`, "malformed"},
		"another shape":        {`{"accounts":[1,2,3]}`, "malformed"},
		"endless":              {strings.Repeat(" ", answerSize+1), "oversize"},
		"deep":                 {strings.Repeat("[", 200_000), "malformed"},
		"no account":           {`{"apiUrl":"/jmap/api","eventSourceUrl":"/e"}`, "unsupported"},
		"somebody else's only": {`{"apiUrl":"/a","eventSourceUrl":"/e","accounts":{"a":{"accountCapabilities":{"urn:ietf:params:jmap:mail":{}}}}}`, "unsupported"},
		"an id without end":    {`{"apiUrl":"/a","eventSourceUrl":"/e","primaryAccounts":{"urn:ietf:params:jmap:mail":"` + strings.Repeat("x", 256) + `"}}`, "unsupported"},
		"no URL of the API":    {`{"eventSourceUrl":"/e",` + account + `}`, "malformed"},
		"no events":            {`{"apiUrl":"/jmap/api",` + account + `}`, "unsupported"},
		"a URL that is none":   {`{"apiUrl":"http://[::1","eventSourceUrl":"/e",` + account + `}`, "malformed"},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, lab.JMAPConfig{}, func(w *world) {
				w.lab.Inject(lab.Fault{Match: lab.OnPath("/jmap/session"), Kind: lab.FaultHTTP, Code: 200, Body: c.body})
				p := w.watch(anna())
				settle()
				if w.count("failures_total", c.why) != 1 || p.Covers() != 0 {
					t.Errorf("not counted as %s: %v", c.why, w.logs.All())
				}
			})
		})
	}
}

func TestAServerThatNamesNoPrimaryAccountIsAskedForThePersonalOnes(t *testing.T) {
	// As Cyrus 3.6.1 answers: relative URLs, isPrimary in the account.
	const cyrus = `{"username":"anna","apiUrl":"/jmap/api","eventSourceUrl":"/jmap/events?types={types}&closeafter={closeafter}&ping={ping}",
		"accounts":{"anna":{"isPrimary":true,"isPersonal":true,"accountCapabilities":{"urn:ietf:params:jmap:mail":{"maxMailboxesPerEmail":20}}},
		"bert":{"isPersonal":false,"accountCapabilities":{"urn:ietf:params:jmap:mail":{}}}}}`
	inWorld(t, lab.JMAPConfig{}, func(w *world) {
		w.lab.Inject(lab.Fault{Match: lab.OnPath("/jmap/session"), Kind: lab.FaultHTTP, Code: 200, Body: cyrus})
		p := w.listening(anna())
		w.deliver("anna")
		synctest.Wait()
		if p.heard() != 1 || p.Covers() != wake.Inbox|wake.Mail {
			t.Errorf("covers %b", p.Covers())
		}
		w.jmap.Say("%s", state("bert", "Email", "s99"))
		synctest.Wait()
		if p.heard() != 0 {
			t.Error("woken by what another has shared with her")
		}
	})
}

func TestOnlyCalendarsAndContactsTogetherCoverTheRest(t *testing.T) {
	const mail, calendars, contacts = "urn:ietf:params:jmap:mail", "urn:ietf:params:jmap:calendars", "urn:ietf:params:jmap:contacts"
	for _, c := range []struct {
		has   []string
		wants wake.Classes
	}{
		{[]string{mail}, wake.Inbox | wake.Mail},
		{[]string{mail, calendars}, wake.Inbox | wake.Mail},
		{[]string{calendars, contacts}, wake.Other},
		{[]string{mail, calendars, contacts}, wake.Inbox | wake.Mail | wake.Other},
	} {
		doc := &sessionDocument{Primary: map[string]string{}, API: "/a", Events: "/e"}
		for _, capability := range c.has {
			doc.Primary[capability] = "a"
		}
		s, err := New(Config{URL: "https://mail.test"})
		if err != nil {
			t.Fatal(err)
		}
		read, err := s.newClient(credentials{}).read(doc, s.origin)
		if err != nil || read.covers != c.wants {
			t.Errorf("%v covers %b, want %b (%v)", c.has, read.covers, c.wants, err)
		}
		s.Close()
	}
}

func TestURLsThatCannotBeUsedAreRefusedWithTheWayOut(t *testing.T) {
	for _, c := range []struct {
		config Config
		want   string
	}{
		{Config{URL: ""}, "write https://HOST"},
		{Config{URL: "mail.example.com"}, "write https://HOST"},
		{Config{URL: "imap://mail.example.com"}, "write https://HOST"},
		{Config{URL: "https://anna:secret@mail.example.com"}, "take it out"},
		{Config{URL: "https://mail.test", Push: Push{URL: "http://edge.test/push", Listen: "127.0.0.1:0"}}, "RFC 8620 7.2"},
		{Config{URL: "https://mail.test", Push: Push{URL: "https://edge.test/push?x=1", Listen: "127.0.0.1:0"}}, "without a query"},
		{Config{URL: "https://mail.test", Push: Push{URL: "https://edge.test/push"}}, "say with listen"},
		{Config{URL: "https://mail.test", Push: Push{Listen: "127.0.0.1:0"}}, "write https://HOST/PATH"},
		{Config{URL: "https://mail.test", Push: Push{URL: "https://edge.test/push", Listen: "127.0.0.1:99999"}}, "invalid port"},
	} {
		s, err := New(c.config)
		if err == nil {
			s.Close()
			t.Errorf("%+v is taken", c.config)
		} else if !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%v does not say %q", err, c.want)
		}
	}
}
