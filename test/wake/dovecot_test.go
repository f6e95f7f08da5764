package wake_test

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/diastole/diastole/internal/wake"
	source "github.com/diastole/diastole/internal/wake/dovecot"
	"github.com/diastole/diastole/test/dovecot"
)

const token = "0123456789abcdef0123456789abcdef"

// endpoint is diastole's side.
func endpoint(t *testing.T, users wake.Users) *source.Source {
	t.Helper()
	dovecot.Need(t)
	s, err := source.Listen(source.Config{Listen: "127.0.0.1:0", Token: token, Users: users})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func luaURL(address string) string { return "http://" + address + "/lua" }

// told counts what it hears. Dovecot tells of a change before it says that it is done,
// and is answered when all who wait have been told: no test here has to wait for it.
type told struct {
	wake.Watching
	changes chan bool
}

func tellsOf(s *source.Source, m wake.Mailbox) *told {
	e := &told{changes: make(chan bool, 1000)}
	e.Watching = s.Watch(m, func(changed bool) { e.changes <- changed })
	return e
}

// woken says whether it heard of a change since it was last asked.
func (e *told) woken() (woken bool) {
	for {
		select {
		case changed := <-e.changes:
			woken = woken || changed
		default:
			return woken
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestTheScriptTellsOfEveryChangeInEveryFolder(t *testing.T) {
	t.Parallel()
	to := endpoint(t, wake.Users{})
	server := dovecot.Start(t, dovecot.Config{Hook: luaURL(to.Addr().String()), Token: token})
	must(t, server.Deliver("user1", "first")) // makes the mailbox
	inbox, mail := tellsOf(to, wake.Mailbox{User: `CORP\User1`, Inbox: true}), tellsOf(to, wake.Mailbox{User: "user1", Mail: true})
	other, somebody := tellsOf(to, wake.Mailbox{User: "user1", Other: true}), tellsOf(to, wake.Mailbox{User: "user2", Inbox: true, Mail: true})
	session := login(t, server, "user1")
	command := func(line string) func() error { return func() error { return do(session, line) } }
	must(t, command(`CREATE "Quo&-te\"\\&APw-"`)()) // Quo&te"\ü
	must(t, command("SELECT INBOX")())
	inbox.woken()
	mail.woken()
	for _, c := range []struct {
		name        string
		do          func() error
		inbox, mail bool
	}{
		{"delivery", func() error { return server.Deliver("user1", "second") }, true, false},
		{"APPEND", func() error { return session.Append("Sent", "sent") }, true, true}, // the folder is new
		{"APPEND again", func() error { return session.Append("Sent", "sent") }, false, true},
		{"APPEND to the inbox", func() error { return session.Append("INBOX", "third") }, true, false},
		{"read", command(`STORE 1 +FLAGS (\Seen)`), true, false},
		{"unread", command(`STORE 1 -FLAGS (\Seen)`), true, false},
		{"keyword", command(`STORE 1 +FLAGS (important)`), true, false},
		{"COPY", command(`COPY 1 "Quo&-te\"\\&APw-"`), false, true},
		{"MOVE", command(`MOVE 1 Sent`), true, true},
		{"deleted", command(`STORE 1 +FLAGS (\Deleted)`), true, false},
		{"EXPUNGE", command(`EXPUNGE`), true, false},
		{"a new folder", command(`CREATE New`), true, true},
		{"a folder has another name", command(`RENAME New Old`), true, true},
		{"a folder is gone", command(`DELETE Old`), true, true},
		{"doveadm", func() error { _, err := server.Doveadm("expunge", "-u", "user1", "mailbox", "Sent", "all"); return err }, false, true},
		{"doveadm save", func() error { _, err := server.Doveadm("save", "-u", "user1", "/dev/null"); return err }, true, false},
		{"only looked at", command("STATUS Sent (MESSAGES)"), false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			must(t, c.do())
			if i, m := inbox.woken(), mail.woken(); i != c.inbox || m != c.mail {
				t.Errorf("inbox %v, mail %v; want %v, %v", i, m, c.inbox, c.mail)
			}
		})
	}
	if other.woken() || somebody.woken() {
		t.Error("somebody was woken for nothing")
	}
	if strings.Contains(server.Log(), "diastole") {
		t.Error("the script complained")
	}
}

func TestCoverageBeginsWithTheFirstWord(t *testing.T) {
	t.Parallel()
	to := endpoint(t, wake.Users{})
	hub := wake.New(wake.Config{Sources: []wake.Source{to}})
	server := dovecot.Start(t, dovecot.Config{Hook: luaURL(to.Addr().String()), Token: token})
	said := make(chan bool, 10)
	wait := hub.Watch(wake.Mailbox{User: "user1", Inbox: true, Mail: true}, func(changed bool) { said <- changed })
	defer wait.Leave()
	if wait.Covered() {
		t.Error("covered, and Dovecot has said nothing yet")
	}
	must(t, server.Deliver("user2", "somebody else's"))
	if changed := <-said; changed || !wait.Covered() {
		t.Errorf("changed %v, covered %v", changed, wait.Covered())
	}
}

// One server, names of two kinds: LMTP says "user1@example.test", a session "user1".
func TestUsersWhomLMTPNamesWithADomainAreFound(t *testing.T) {
	t.Parallel()
	to := endpoint(t, wake.Users{Form: wake.Local})
	server := dovecot.Start(t, dovecot.Config{Hook: luaURL(to.Addr().String()), Token: token})
	e := tellsOf(to, wake.Mailbox{User: "user1@example.test", Inbox: true, Mail: true})
	must(t, server.Deliver("user1@example.test", "with a domain"))
	delivered := e.woken()
	must(t, login(t, server, "user1").Append("Sent", "without one"))
	if appended := e.woken(); !delivered || !appended {
		t.Errorf("told of the delivery: %v, of the session: %v", delivered, appended)
	}
}

func TestTheScriptSendsNamesAndNothingElse(t *testing.T) {
	t.Parallel()
	bodies := make(chan string, 100)
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body := make([]byte, r.ContentLength)
		_, _ = r.Body.Read(body)
		bodies <- fmt.Sprint(r.Method, " ", r.URL, " ", r.Header.Get("Authorization"), " ", string(body))
		w.WriteHeader(http.StatusNoContent)
	}))
	defer receiver.Close()
	server := dovecot.Start(t, dovecot.Config{Hook: receiver.URL + "/lua", Token: token})
	must(t, server.Deliver("user1", "a secret"))
	session := login(t, server, "user1")
	must(t, do(session, "SELECT INBOX"))
	for range 40 {
		must(t, session.Append("INBOX", "another"))
	}
	for len(bodies) > 0 {
		<-bodies
	}
	must(t, do(session, `STORE 1:* +FLAGS (\Seen)`))
	want := "POST /lua Bearer " + token + ` {"user":"user1","events":[{"event":"FlagsClear","folder":"INBOX"},{"event":"FlagsSet","folder":"INBOX"}]}`
	if got := <-bodies; got != want || len(bodies) > 0 {
		t.Errorf("41 mails were read: %s and %d further requests, want one of\n%s", got, len(bodies), want)
	}
}

// What goes wrong at diastole's side must never be the mail's trouble. Dovecot's own
// time-outs would hold each delivery for 4 s and more; ours for 0.3 s.
func TestADeliveryIsNeitherLostNorLateWhateverIsWrong(t *testing.T) {
	hanging := make(chan struct{})
	slow := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-hanging }))
	t.Cleanup(func() { close(hanging); slow.Close() })
	failing := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { http.Error(w, "no", 500) }))
	t.Cleanup(failing.Close)
	mute, err := net.Listen("tcp", "127.0.0.1:0") // connects, and nobody is there
	must(t, err)
	defer mute.Close()
	gone, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	gone.Close()
	for _, c := range []struct{ name, url, extra, logged string }{
		{"nobody listens", luaURL(gone.Addr().String()), "", "Connection refused"},
		{"nobody answers", luaURL(mute.Addr().String()), "", "timeout expired"},
		{"it hangs", slow.URL + "/lua", "", "timeout expired"},
		{"it fails", failing.URL + "/lua", "", "500 no"},
		{"not set up", luaURL(gone.Addr().String()), "plugin {\n diastole_url =\n}", "no diastole_url"},
		{"no URL", "nonsense", "", "nonsense"},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := dovecot.Start(t, dovecot.Config{Hook: c.url, Token: token, Extra: c.extra})
			must(t, server.Deliver("user1", "makes the mailbox"))
			session := login(t, server, "user1")
			must(t, session.Append("INBOX", "from a session"))
			mails := 2 + deliverQuickly(t, server)
			lines, err := session.Do("STATUS INBOX (MESSAGES)")
			if err != nil || !strings.Contains(strings.Join(lines, " "), fmt.Sprint("MESSAGES ", mails)) {
				t.Errorf("%q, %v", lines, err)
			}
			if !strings.Contains(server.Log(), "diastole was not told: ") || !strings.Contains(server.Log(), c.logged) {
				t.Errorf("not in Dovecot's log: %q:\n%s", c.logged, server.Log())
			}
		})
	}
}

// deliverQuickly delivers until a delivery took less than a second, and says how many
// that took: a busy machine makes one late, a long time-out each.
func deliverQuickly(t *testing.T, server *dovecot.Server) int {
	t.Helper()
	for n := 1; n <= 10; n++ {
		begin := time.Now()
		must(t, server.Deliver("user1", "measured"))
		took := time.Since(begin)
		t.Logf("a delivery took %v", took)
		if took < time.Second {
			return n
		}
	}
	t.Error("deliveries wait for longer than the script's time-out")
	return 10
}

// Dovecot's processes keep their connections for longer than one mail.
func TestAfterARestartOfDiastoleTheNextChangeIsHeard(t *testing.T) {
	t.Parallel()
	first := endpoint(t, wake.Users{})
	address := first.Addr().String()
	server := dovecot.Start(t, dovecot.Config{Hook: luaURL(address), Token: token})
	session := login(t, server, "user1")
	must(t, session.Append("INBOX", "one"))
	must(t, server.Deliver("user1", "two"))
	first.Close()
	second, err := source.Listen(source.Config{Listen: address, Token: token})
	must(t, err)
	defer second.Close()
	e := tellsOf(second, wake.Mailbox{User: "user1", Inbox: true})
	must(t, session.Append("INBOX", "three"))
	appended := e.woken()
	must(t, server.Deliver("user1", "four"))
	if delivered := e.woken(); !appended || !delivered {
		t.Errorf("told by the session: %v, by the delivery: %v", appended, delivered)
	}
}

func TestTheOXDriverTellsOfDeliveriesToTheInboxOnly(t *testing.T) {
	t.Parallel()
	to := endpoint(t, wake.Users{})
	server := dovecot.Start(t, dovecot.Config{OX: "http://diastole:" + token + "@" + to.Addr().String() + "/ox"})
	e := tellsOf(to, wake.Mailbox{User: "user1", Inbox: true, Mail: true})
	must(t, server.Deliver("user1", "no METADATA yet"))
	if e.woken() || e.Covers() != 0 {
		t.Error("told without the METADATA entry: the page says otherwise")
	}
	enable(t, server, "user1")
	must(t, server.Deliver("user1", "a secret"))
	if !e.woken() || e.Covers() != wake.Inbox {
		t.Errorf("not told, or covers %b", e.Covers())
	}
	session := login(t, server, "user1")
	must(t, session.Append("INBOX", "by a session"))
	must(t, do(session, "SELECT INBOX", `STORE 1 +FLAGS (\Seen \Deleted)`, "EXPUNGE", "CREATE New"))
	if e.woken() {
		t.Error("told of something else than a delivery: the page says otherwise")
	}
}

// enable is what the page says to do for each user.
func enable(t *testing.T, server *dovecot.Server, user string) {
	t.Helper()
	_, err := server.Doveadm("mailbox", "metadata", "set", "-u", user, "-s", "", "/private/vendor/vendor.dovecot/http-notify", "user="+user)
	must(t, err)
}

// installed is a file of deploy/dovecot, and what the page says to write beside it,
// in another directory than /etc/dovecot.
func installed(t *testing.T, conf, tokenLine, address string) (settings string) {
	t.Helper()
	dir, err := os.MkdirTemp("", "etc-")
	must(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	there := strings.NewReplacer("/etc/dovecot/", dir+"/", "127.0.0.1:9181", address, "TOKEN", token)
	must(t, os.Chmod(dir, 0o755)) // the script is read by Dovecot's users, the token by root
	must(t, os.WriteFile(filepath.Join(dir, "diastole.lua"), []byte(shipped(t, "diastole.lua")), 0o644))
	must(t, os.WriteFile(filepath.Join(dir, "diastole-token.conf"), []byte(there.Replace("plugin {\n"+tokenLine+"\n}\n")), 0o600))
	return there.Replace(shipped(t, conf))
}

func shipped(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../../deploy/dovecot", name))
	must(t, err)
	return string(text)
}

func TestTheShippedSettingsWork(t *testing.T) {
	for conf, tokenLine := range map[string]string{
		"11-diastole-lua.conf": "diastole_token = TOKEN",
		"11-diastole-ox.conf":  "push_notification_driver = ox:url=http://diastole:TOKEN@127.0.0.1:9181/ox timeout_msecs=300 max_retries=0",
	} {
		t.Run(conf, func(t *testing.T) {
			t.Parallel()
			to := endpoint(t, wake.Users{})
			server := dovecot.Start(t, dovecot.Config{Extra: installed(t, conf, tokenLine, to.Addr().String())})
			if strings.Contains(conf, "ox") {
				enable(t, server, "user1")
			}
			e := tellsOf(to, wake.Mailbox{User: "user1", Inbox: true})
			must(t, server.Deliver("user1", "hello"))
			if !e.woken() {
				t.Errorf("nothing heard; Dovecot says:\n%s", server.Log())
			}
			must(t, server.DeliverAs("root", "user1", "by dovecot-lda"))
			if !e.woken() {
				t.Error("nothing heard of what dovecot-lda delivered")
			}
			// Some other user cannot read the token: phones are late, mail is not.
			must(t, server.DeliverAs("mail", "user1", "by dovecot-lda under another name"))
			if e.woken() {
				t.Error("told with a token that cannot be read")
			}
		})
	}
}

func TestThePageShowsTheShippedSettings(t *testing.T) {
	page, err := os.ReadFile("../../docs/wake-dovecot.md")
	must(t, err)
	for line := range strings.Lines(shipped(t, "11-diastole-lua.conf")) {
		if !strings.HasPrefix(line, "#") && !strings.Contains(string(page), line) {
			t.Errorf("not on the page: %s", line)
		}
	}
	for line := range strings.Lines(string(page)) {
		for _, file := range regexp.MustCompile(`deploy/dovecot/([\w.-]+)`).FindAllStringSubmatch(line, -1) {
			shipped(t, file[1])
		}
	}
}

// Dovecot reads conf.d in the order of names, and what a protocol's own file adds to
// mail_plugins is added to what stood before.
func TestTheShippedSettingsFitDebiansFiles(t *testing.T) {
	dovecot.Need(t)
	dir := t.TempDir()
	must(t, os.CopyFS(dir, os.DirFS("/usr/share/dovecot"))) // what /etc/dovecot is made of
	must(t, os.WriteFile(filepath.Join(dir, "conf.d/11-diastole-lua.conf"), []byte(shipped(t, "11-diastole-lua.conf")), 0o644))
	imap := filepath.Join(dir, "conf.d/20-imap.conf")
	text, err := os.ReadFile(imap)
	must(t, err)
	own := strings.Replace(string(text), "#mail_plugins = $mail_plugins", "mail_plugins = $mail_plugins imap_quota", 1)
	must(t, os.WriteFile(imap, []byte(own), 0o644))
	for protocol, more := range map[string][]string{"imap": {"imap_quota"}, "lmtp": nil, "lda": nil, "doveadm": nil} {
		got := strings.Fields(doveconf(t, dir, "-f", "service="+protocol, "-h", "mail_plugins"))
		want := append([]string{"mail_lua", "notify", "push_notification", "push_notification_lua"}, more...)
		if !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", protocol, got, want)
		}
	}
}

func doveconf(t *testing.T, dir string, arguments ...string) string {
	t.Helper()
	out, err := exec.Command("doveconf", append([]string{"-c", filepath.Join(dir, "dovecot.conf")}, arguments...)...).CombinedOutput()
	if err != nil {
		t.Fatalf("doveconf %v: %v: %s", arguments, err, out)
	}
	return string(out)
}
