package main

import (
	"net"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

const (
	wasRead    = "the configuration was read again"
	wasNotRead = "the configuration cannot be used, the one in force stays"

	// denied is a rule that shows from outside: a phone gets 403.
	denied = "policy: {rules: [{name: lost phone, match: {device: [handset1]}, deny: true}]}\n"
)

// metric is the value of a metric without labels, or with exactly these.
func (p *process) metric(name string) string {
	p.t.Helper()
	text := get(p.t, "http://"+p.address("admin")+"/metrics").body
	found := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(name) + ` (\S+)$`).FindStringSubmatch(text)
	if found == nil {
		p.t.Fatalf("no %s in:\n%s", name, text)
	}
	return found[1]
}

// reloaded checks what the metrics say of the reloads until now.
func (p *process) reloaded(last, success, failure string) {
	p.t.Helper()
	for name, want := range map[string]string{
		`diastole_config_last_reload_successful`:          last,
		`diastole_config_reloads_total{result="success"}`: success,
		`diastole_config_reloads_total{result="failure"}`: failure,
	} {
		if got := p.metric(name); got != want {
			p.t.Errorf("%s %s, want %s", name, got, want)
		}
	}
}

func texts(l line, field string) string {
	all, _ := l[field].([]any)
	words := make([]string, 0, len(all))
	for _, one := range all {
		word, _ := one.(string)
		words = append(words, word)
	}
	return strings.Join(words, " ")
}

func TestAHeldPingSurvivesThreeReloadsAndGetsItsRealAnswer(t *testing.T) {
	server := newMailServer(t, httptest.NewServer)
	file := configFile(t, server.URL, "")
	p := start(t, "--config", file)
	held := pingLater(t, p.address("edge"), "jo")
	soon(t, server.pings)
	for i, more := range []string{
		"policy: {firewall_idle: 4m}\n", "  profile: sogo\n  hold: slice\n  max_waits: 3\n", denied + "drain: 1s\n",
	} {
		rewrite(t, file, server.URL, more)
		p.signal(unix.SIGHUP)
		p.await(i+1, "", wasRead)
	}
	changed := "upstream.profile upstream.hold upstream.linger upstream.max_waits upstream.pace upstream.check_pace policy.rules drain"
	if got := texts(p.await(3, "", wasRead), "changed"); got != changed {
		t.Errorf("changed %s, want %s", got, changed)
	}
	server.mail <- struct{}{}
	if a := soon(t, held); a.code != 200 || a.body != pingStatus2 {
		t.Errorf("the held Ping: %v", a)
	}
	p.reloaded("1", "3", "0")
}

func TestAFileThatCannotBeUsedChangesNothingAndIsReportedOnce(t *testing.T) {
	server := newMailServer(t, httptest.NewServer)
	file := configFile(t, server.URL, denied)
	p := start(t, "--config", file)
	at := p.metric("diastole_config_last_reload_success_timestamp_seconds")
	p.reloaded("1", "0", "0")
	if a := soon(t, pingLater(t, p.address("edge"), "jo")); a.code != 403 {
		t.Fatalf("a denied phone: %v", a)
	}

	rewrite(t, file, server.URL, "drain: 25\n")
	p.signal(unix.SIGHUP)
	failed := p.await(1, "", wasNotRead)
	want := file + ":3:8: drain: 25: a number where text is needed; write a length of time with its unit, for example 25s or 1m30s"
	if failed.text("level") != "error" || failed.text("error") != want {
		t.Errorf("got %v", failed)
	}
	if a := soon(t, pingLater(t, p.address("edge"), "jo")); a.code != 403 {
		t.Errorf("a denied phone after the slip of the pen: %v", a)
	}
	p.reloaded("0", "0", "1")
	if got := p.metric("diastole_config_last_reload_success_timestamp_seconds"); got != at {
		t.Errorf("last success at %s, want %s", got, at)
	}

	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	p.signal(unix.SIGHUP)
	p.await(2, "", wasNotRead)
	rewrite(t, file, server.URL, "")
	p.signal(unix.SIGHUP)
	p.await(1, "", wasRead)
	p.reloaded("1", "1", "2")
	pingLater(t, p.address("edge"), "jo")
	if user := soon(t, server.pings); user != "jo" {
		t.Errorf("the Ping of %s", user)
	}
	if n := p.count("", wasNotRead); n != 2 {
		t.Errorf("reported %d times, want once for each", n)
	}
}

func TestKeysThatNeedARestartAreNamedAndTheOthersHold(t *testing.T) {
	server := newMailServer(t, httptest.NewServer)
	file := configFile(t, server.URL, "")
	p := start(t, "--config", file)
	elsewhere := "admin: {listen: off}\nlog: {format: console, users: plain}\ntls: {alpn: [h2]}\n"
	p.address("edge")
	rewrite(t, file, "http://127.0.0.1:1", elsewhere+denied)
	for n := 1; n <= 2; n++ { // the second finds what is in force, not what was written before
		p.signal(unix.SIGHUP)
		warning := p.await(n, "", "these keys need a restart, what they said before is still in force")
		if got := texts(warning, "keys"); warning.text("level") != "warn" || got != "tls.alpn upstream.url admin.listen log.format log.users" {
			t.Errorf("got %v", warning)
		}
		p.await(n, "", wasRead)
	}
	if got := texts(p.await(1, "", wasRead), "changed"); got != "policy.rules" {
		t.Errorf("changed %s", got)
	}
	if a := soon(t, pingLater(t, p.address("edge"), "jo")); a.code != 403 {
		t.Errorf("a denied phone: %v", a)
	}
	if a := get(t, "https://"+p.address("edge")+"/owa/"); a.code != 404 {
		t.Errorf("the server that was there before: %v", a)
	}
	p.reloaded("1", "2", "0")
}

func TestTheLevelOfTheLogFollowsTheFile(t *testing.T) {
	const failed = "tls handshake failed"
	server := newMailServer(t, httptest.NewServer)
	file := configFile(t, server.URL, "")
	p := start(t, "--config", file)
	knock := func() { // a scanner, which only debug tells of
		c, err := net.Dial("tcp", p.address("edge"))
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		c.Write([]byte("who is there?\r\n"))
		c.Read(make([]byte, 1)) // the end
	}
	knock()
	rewrite(t, file, server.URL, "log: {level: debug}\n")
	p.signal(unix.SIGHUP)
	p.await(1, "", wasRead)
	p.none("edge", failed)
	knock()
	p.await(1, "edge", failed)
	rewrite(t, file, server.URL, "")
	p.signal(unix.SIGHUP)
	p.await(2, "", wasRead)
	knock()
	p.signal(unix.SIGTERM)
	p.exit(0)
	if n := p.count("edge", failed); n != 1 {
		t.Errorf("%d times, want once", n)
	}
}

func TestWithoutAFileSIGHUPSaysSoAndEndsNothing(t *testing.T) {
	server := newMailServer(t, httptest.NewServer)
	p := start(t, "--upstream", server.URL, "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0")
	admin := p.address("admin")
	p.signal(unix.SIGHUP)
	p.await(1, "", "SIGHUP: there is no file to read again, the settings came from the command line")
	if a := get(t, "http://"+admin+"/readyz"); a.code != 200 {
		t.Errorf("readyz: %v", a)
	}
	p.signal(unix.SIGTERM)
	p.exit(0)
}

// A reload may be slow; a burst of them must not take the place of the SIGTERM.
func TestABurstOfSIGHUPHidesNoSIGTERM(t *testing.T) {
	server := newMailServer(t, httptest.NewServer)
	p := start(t, "--config", configFile(t, server.URL, ""))
	p.address("admin")
	for range 50 {
		p.signal(unix.SIGHUP)
	}
	p.signal(unix.SIGTERM)
	p.exit(0)
	p.await(1, "", "drained")
}
