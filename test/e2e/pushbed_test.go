package e2e

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// crowd is the test bed of all tests about push: as few workers as a small site has,
// as many users as it should not have, and Pings as long as phones ask for.
var crowd = size{users: 260, workers: 10, longest: 900}

var startCrowd = sync.OnceValues(func() (*bed, error) {
	b, err := startBed(context.Background(), "-push", crowd)
	further = append(further, b)
	return b, err
})

// pushBed gives the test bed for push. What a test sets up in its Dovecot is there
// for this test alone, so these tests run one after the other.
func pushBed(t testing.TB) *bed {
	t.Helper()
	b, err := startCrowd()
	if err != nil {
		t.Fatal(err)
	}
	raiseInotify(t)
	return b
}

// raiseInotify lets Dovecot watch the mailboxes of all of them: with the kernel's
// default, 128 instances for one uid, it looks for changes each 30 s from the 129th on,
// and without saying so. It is put back after the test.
func raiseInotify(t testing.TB) {
	t.Helper()
	const file, enough = "/proc/sys/fs/inotify/max_user_instances", 2048
	before, err := os.ReadFile(file)
	if n, _ := strconv.Atoi(strings.TrimSpace(string(before))); err != nil || n >= enough {
		return
	}
	if err := os.WriteFile(file, []byte(strconv.Itoa(enough)), 0o644); err != nil {
		t.Logf("%s stays at %s: %v", file, before, err) // in a container, for instance
		return
	}
	t.Cleanup(func() { os.WriteFile(file, before, 0o644) })
}

// dovecot sets up the bed's Dovecot for a test: whoever needs another one, sets it up
// anew. The settings stand behind the script's own.
func (b *bed) dovecot(t testing.TB, settings ...string) {
	t.Helper()
	dir, text := filepath.Join(b.dir, "etc/dovecot.d"), strings.Join(settings, "\n")+"\n"
	if b.settings == text {
		return
	}
	b.settings = text
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "test.conf"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	b.daemon(t, "stop", "dovecot")
	b.daemon(t, "start", "dovecot")
}

// daemon stops or starts one of the bed's daemons.
func (b *bed) daemon(t testing.TB, do, name string) {
	t.Helper()
	if err := b.run(context.Background(), do, name); err != nil {
		t.Fatal(err)
	}
}

const hookToken = "token-of-the-test-bed-0123456789abcdef"

// luaHook has Dovecot run our script at each change.
func (b *bed) luaHook(t testing.TB, address string) string {
	t.Helper()
	script, err := os.ReadFile("../../deploy/dovecot/diastole.lua")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(b.dir, "etc/diastole.lua") // where the user mail can read it
	if err := os.WriteFile(file, script, 0o644); err != nil {
		t.Fatal(err)
	}
	return withPlugins("mail_lua notify push_notification push_notification_lua") + fmt.Sprintf(`
plugin {
  push_notification_driver = lua:file=%s
  diastole_url = http://%s/lua
  diastole_token = %s
}`, file, address, hookToken)
}

// oxHook has Dovecot's own driver tell of mail in INBOX. It is asked for user by user,
// in the user's metadata: subscribe does that.
func oxHook(address string) string {
	return withPlugins("notify push_notification") + fmt.Sprintf(`
mail_attribute_dict = file:%%h/dovecot-attributes
plugin {
  push_notification_driver = ox:url=http://diastole:%s@%s/ox timeout_msecs=1000 max_retries=0
}`, hookToken, address)
}

// subscribe writes the entry that the OX driver looks for.
func (b *bed) subscribe(t testing.TB, user string) {
	t.Helper()
	b.doveadm(t, "mailbox", "metadata", "set", "-u", user, "-s", "", "/private/vendor/vendor.dovecot/http-notify", "user="+user)
}

// withPlugins gives every protocol that changes mail these plugins.
func withPlugins(plugins string) string {
	var s strings.Builder
	for _, protocol := range []string{"imap", "lda", "lmtp", "doveadm"} {
		fmt.Fprintf(&s, "protocol %s {\n  mail_plugins = $mail_plugins %s\n}\n", protocol, plugins)
	}
	return s.String()
}

// hibernate lets connections that idle leave their processes after two seconds.
const hibernate = `
imap_hibernate_timeout = 2s
service imap {
  unix_listener imap-master {
    user = dovecot
  }
}
service imap-hibernate {
  unix_listener imap-hibernate {
    mode = 0666
  }
}`

// masters is a user "edge" that logs in for others, with the usual password.
func (b *bed) masters(t testing.TB) string {
	t.Helper()
	file := filepath.Join(b.dir, "etc/masters")
	if err := os.WriteFile(file, []byte("edge:{PLAIN}"+password+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("auth_master_user_separator = *\npassdb {\n  driver = passwd-file\n  master = yes\n  args = %s\n}", file)
}

// doveadm runs one command of Dovecot's administration.
func (b *bed) doveadm(t testing.TB, args ...string) {
	t.Helper()
	args = append([]string{"-c", filepath.Join(b.dir, "etc/dovecot.conf")}, args...)
	if out, err := exec.CommandContext(t.Context(), "doveadm", args...).CombinedOutput(); err != nil {
		t.Fatalf("doveadm %v: %v\n%s", args, err, out)
	}
}

// freePort is an address that nobody listens on now.
func freePort(t testing.TB) string {
	t.Helper()
	ports, err := freePorts(1)
	if err != nil {
		t.Fatal(err)
	}
	return "127.0.0.1:" + ports[0]
}

// hookSource has diastole listen for Dovecot's notifications.
func hookSource(t testing.TB, address string, more ...string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte(hookToken), 0o600); err != nil {
		t.Fatal(err)
	}
	// Mail comes in for user1@example.test, and SOGo's users log in as user1.
	return wake(append(more, "users: local", fmt.Sprintf("dovecot: {listen: %q, token_file: %s}", address, file))...)
}

// imapSource has it ask Dovecot, in one of the two modes.
func imapSource(address, mode string, more ...string) string {
	return wake(append(more, fmt.Sprintf("imap: {address: %q, tls: none, mode: %s}", address, mode))...)
}

// masterSource has it log in with one user for all.
func masterSource(t testing.TB, address string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "master")
	if err := os.WriteFile(file, []byte(password+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return wake(fmt.Sprintf("imap: {address: %q, tls: none, mode: notify, master: {user: edge, password_file: %s}}", address, file))
}

func wake(keys ...string) string { return "wake: {" + strings.Join(keys, ", ") + "}" }
