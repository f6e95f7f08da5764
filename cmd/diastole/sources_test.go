package main

import (
	"context"
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/diastole/diastole/internal/lab"
)

const (
	toldOf   = "changes are told of"
	nobody   = "waits are held here and nobody tells of changes: phones hear of one up to wake.poll late; name a source under wake, or write upstream.hold: pass"
	unheard  = "nobody listens to those who tell of changes: upstream.hold is not edge"
	unmailed = "nobody tells of mail: wake.dav looks at calendars and address books, and phones hear of mail up to wake.poll late; name a source of mail under wake, too"
	rung     = "0123456789abcdef0123456789abcdef"
	anyPort  = "listen: 127.0.0.1:0\n"
)

// hook is the part of a file that has Dovecot tell of changes.
func hook(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte(rung+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return "wake: {safety: 1h, dovecot: {listen: \"127.0.0.1:0\", token_file: " + file + "}}\n"
}

func TestAStartSaysWhoTellsOfChanges(t *testing.T) {
	server := newMailServer(t, httptest.NewServer)
	p := start(t, "--config", configFile(t, server.URL, "  hold: edge\n"))
	if l := p.await(1, "", nobody); l.text("level") != "warn" {
		t.Errorf("got %v", l)
	}
	p = start(t, "--config", configFile(t, server.URL, "  profile: sogo\n"+hook(t)+anyPort))
	if l := p.await(1, "", toldOf); texts(l, "sources") != "dovecot" || l.text("hold") != "edge" || l.text("check") != "ping" {
		t.Errorf("got %v", l)
	}
	p.address("edge")
	p.none("", nobody)
	p.signal(unix.SIGTERM)
	p.exit(0)
	p = start(t, "--config", configFile(t, server.URL, "  hold: pass\n"+hook(t)+anyPort))
	if l := p.await(1, "", unheard); l.text("level") != "warn" {
		t.Errorf("got %v", l)
	}
	p.address("edge")
	p.none("", toldOf)
}

func TestASourceThatCannotBeOpenedEndsTheStart(t *testing.T) {
	server := newMailServer(t, httptest.NewServer)
	taken := strings.TrimPrefix(server.URL, "http://")
	p := start(t, "--config", configFile(t, server.URL, strings.Replace(hook(t), "127.0.0.1:0", taken, 1)+anyPort))
	l := p.await(1, "", "stopped")
	if err := l.text("error"); !strings.Contains(err, "wake.dovecot.listen: ") || !strings.Contains(err, "address already in use") {
		t.Errorf("got %v", l)
	}
	p.exit(1)
}

func TestAllSourcesMayTellAtOnce(t *testing.T) {
	server := newMailServer(t, httptest.NewServer)
	more := strings.TrimSuffix(hook(t), "}\n") + `, imap: {address: "192.0.2.1:143", tls: none}, jmap: {url: "http://127.0.0.1:9/jmap/"}, dav: {url: "http://192.0.2.1/SOGo/dav"}}` + "\n"
	p := start(t, "--config", configFile(t, server.URL, "  profile: zpush\n"+more+anyPort))
	if l := p.await(1, "", toldOf); texts(l, "sources") != "dovecot imap jmap dav" || l.text("check") != "estimate" {
		t.Errorf("got %v", l)
	}
	p.address("edge")
	if l := p.await(1, "", "users' passwords go to the mail store in clear: write wake.imap.tls: starttls or tls"); l.text("level") != "warn" {
		t.Errorf("got %v", l)
	}
	if l := p.await(1, "", "users' passwords go to the DAV server in clear: write https:// in wake.dav.url"); l.text("address") != "192.0.2.1" {
		t.Errorf("got %v", l)
	}
	p.none("", unmailed)
	p.signal(unix.SIGTERM)
	p.exit(0)
}

func TestAStartSaysThatNobodyTellsOfMail(t *testing.T) {
	server := newMailServer(t, httptest.NewServer)
	p := start(t, "--config", configFile(t, server.URL, "  profile: sogo\n  hold: edge\nwake: {dav: {url: \"http://127.0.0.1:9/SOGo/dav\"}}\n"+anyPort))
	if l := p.await(1, "", unmailed); l.text("level") != "warn" {
		t.Errorf("got %v", l)
	}
	if l := p.await(1, "", toldOf); texts(l, "sources") != "dav" {
		t.Errorf("got %v", l)
	}
	p.none("", "users' passwords go to the DAV server in clear: write https:// in wake.dav.url")
	p.signal(unix.SIGTERM)
	p.exit(0)
}

// What was opened before is closed again, so that the log has one reason and not two.
func TestASourceThatCannotBeOpenedEndsTheOthers(t *testing.T) {
	server := newMailServer(t, httptest.NewServer)
	taken := strings.TrimPrefix(server.URL, "http://")
	more := strings.TrimSuffix(hook(t), "}\n") + `, jmap: {url: "http://127.0.0.1:9/jmap/", push: {url: "https://mail.example.com/push", listen: "` + taken + `"}}}` + "\n"
	p := start(t, "--config", configFile(t, server.URL, "  profile: zpush\n"+more+anyPort))
	if err := p.await(1, "", "stopped").text("error"); !strings.HasPrefix(err, "wake.jmap: ") || !strings.Contains(err, "address already in use") {
		t.Errorf("got %s", err)
	}
	p.exit(1)
}

func TestAReloadSaysThatNobodyTells(t *testing.T) {
	server := newMailServer(t, httptest.NewServer)
	file := configFile(t, server.URL, "")
	p := start(t, "--config", file)
	p.address("edge")
	rewrite(t, file, server.URL, "  hold: edge\n")
	p.signal(unix.SIGHUP)
	p.await(1, "", nobody)
	p.await(1, "", wasRead)
	p.signal(unix.SIGHUP) // nothing new: said once
	p.await(2, "", wasRead)
	if n := p.count("", nobody); n != 1 {
		t.Errorf("said %d times", n)
	}
}

// A source that is new in the file needs a restart, and the way of holding that comes
// with it waits for that too.
func TestAWayOfHoldingWaitsForItsSources(t *testing.T) {
	server := newMailServer(t, httptest.NewServer)
	file := configFile(t, server.URL, "  profile: zpush\n")
	p := start(t, "--config", file)
	p.address("edge")
	rewrite(t, file, server.URL, "  profile: zpush\n  max_checks: 3\n"+hook(t)+anyPort)
	p.signal(unix.SIGHUP)
	late := p.await(1, "", "these keys need a restart, what they said before is still in force")
	if got := texts(late, "keys"); got != "upstream.hold wake.dovecot.listen wake.dovecot.token_file" {
		t.Errorf("late: %s", got)
	}
	if got := texts(p.await(1, "", wasRead), "changed"); got != "upstream.max_checks wake.safety" {
		t.Errorf("changed: %s", got)
	}
}

// The whole of it: a phone waits without a wait at its server, and hears of mail when
// the mail store rings.
func TestAPhoneThatIsHeldAtTheEdgeIsWokenByTheHook(t *testing.T) {
	server := lab.NewServer(lab.ServerConfig{Users: map[string]string{"anna": "secret"}})
	defer server.Close()
	url, err := server.Listen(nil)
	if err != nil {
		t.Fatal(err)
	}
	p := start(t, "--config", configFile(t, url, "  hold: edge\n"+hook(t)+anyPort))
	mails, waits := make(chan lab.Mail, 1), make(chan lab.Wait, 1)
	device := lab.NewPhone(lab.PhoneConfig{
		URL: "https://" + p.address("edge"), User: "anna", Password: "secret", Ladder: lab.Fixed(10 * time.Minute),
		TLS: &tls.Config{InsecureSkipVerify: true}, OnMail: func(m lab.Mail) { mails <- m }, OnWait: func(w lab.Wait) { waits <- w },
	})
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		device.Run(ctx)
	}()
	defer func() {
		stop()
		<-ended
	}()
	p.metricBecomes(`diastole_wake_watched`, "1")
	if _, err := server.Deliver("anna", "", lab.Mail{Subject: "hello"}); err != nil {
		t.Fatal(err)
	}
	ring(t, p.address("dovecot"), `{"user":"anna","events":[{"event":"MessageNew","folder":"INBOX"}]}`)
	if w := soon(t, waits); w.Status != 2 {
		t.Errorf("the wait ended with %+v", w)
	}
	if m := soon(t, mails); m.Subject != "hello" {
		t.Errorf("it has %q", m.Subject)
	}
	if n := server.Held(); n != 0 {
		t.Errorf("%d waits at the server", n)
	}
}

// metricBecomes asks until a metric has a value: what it counts happens in another process.
func (p *process) metricBecomes(name, want string) {
	p.t.Helper()
	for end := time.Now().Add(patience); p.metric(name) != want; {
		if time.Now().After(end) {
			p.t.Fatalf("%s is %s, want %s", name, p.metric(name), want)
		}
	}
}

func ring(t *testing.T, address, notice string) {
	t.Helper()
	r, err := http.NewRequest(http.MethodPost, "http://"+address+"/lua", strings.NewReader(notice))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+rung)
	if a := do(phone(t), r); a.code != http.StatusNoContent {
		t.Fatalf("the hook says %v", a)
	}
}
