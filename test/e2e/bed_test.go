package e2e

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
)

const (
	sogo     = "../testbed/sogo"
	password = "secret"
	beds     = "diastole-e2e-"
)

// A size is what one test bed differs in from another.
type size struct {
	users   int // made at the start
	workers int // of sogod: each held wait takes one
	longest int // Ping that SOGo takes, in seconds; 0: the script's usual
}

// A bed is one running SOGo with all it needs, on ports of its own.
type bed struct {
	size
	dir     string
	nginx   string // host:port that phones and proxies talk to
	sogod   string // host:port of sogod itself, path /SOGo
	imap    string // host:port of Dovecot
	environ []string

	settings string // of Dovecot, as the last test wanted them

	mu    sync.Mutex
	given int // users, so far
}

// newBed is the test bed in a directory; every call of its script names that
// directory, so that it never touches another one.
func newBed(dir string) *bed {
	return &bed{dir: dir, environ: append(os.Environ(), "TESTBED_DIR="+dir)}
}

// startBed brings SOGo up in a directory that carries our process id and a name,
// after taking down what a test that was killed left behind.
func startBed(ctx context.Context, name string, s size) (*bed, error) {
	sweep(ctx)
	b := newBed(filepath.Join(os.TempDir(), beds+strconv.Itoa(os.Getpid())+name))
	b.size = s
	if err := os.MkdirAll(b.dir, 0o711); err != nil {
		return b, err
	}
	if !own(b.dir) {
		return b, fmt.Errorf("%s is in use by another process", b.dir)
	}
	ports, err := freePorts(6)
	if err != nil {
		return b, err
	}
	b.nginx, b.sogod, b.imap = "127.0.0.1:"+ports[0], "127.0.0.1:"+ports[1], "127.0.0.1:"+ports[2]
	if s.longest > 0 { // the watchdog, in minutes, must let such a Ping live
		b.environ = append(b.environ, fmt.Sprintf("TESTBED_PING_MAX=%d", s.longest), fmt.Sprintf("TESTBED_WATCHDOG=%d", s.longest/60+2))
	}
	b.environ = append(b.environ, "TESTBED_PASSWORD="+password,
		fmt.Sprintf("TESTBED_USERS=%d", s.users), fmt.Sprintf("TESTBED_WORKERS=%d", s.workers),
		"TESTBED_PORT="+ports[0], "TESTBED_SOGOD_PORT="+ports[1], "TESTBED_IMAP_PORT="+ports[2],
		"TESTBED_PG_PORT="+ports[3], "TESTBED_MEMCACHED_PORT="+ports[4], "TESTBED_SMTP_PORT="+ports[5])
	return b, b.run(ctx, "up")
}

// run calls the test bed's script.
func (b *bed) run(ctx context.Context, args ...string) error {
	cmd := exec.CommandContext(ctx, sogo, args...)
	cmd.Env = b.environ
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s %s: %w\n%s", sogo, strings.Join(args, " "), err, out)
	}
	return nil
}

// purge stops the test bed and deletes its directory.
func (b *bed) purge(ctx context.Context) error { return b.run(ctx, "purge") }

// user gives a user that no other test has.
func (b *bed) user(t testing.TB) string {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.given++
	if b.given > b.users { // with -count
		if err := b.run(t.Context(), "adduser", strconv.Itoa(b.given)); err != nil {
			t.Fatal(err)
		}
	}
	return fmt.Sprintf("user%d", b.given)
}

// people are n users that no other test has.
func (b *bed) people(t testing.TB, n int) (users []string) {
	t.Helper()
	for range n {
		users = append(users, b.user(t))
	}
	return users
}

// deliver puts a mail into the user's Inbox, past SOGo.
func (b *bed) deliver(t testing.TB, user, subject string) {
	t.Helper()
	if err := b.run(t.Context(), "deliver", user, subject); err != nil {
		t.Fatal(err)
	}
}

// sweep purges test beds whose test process is gone: a test that runs into its
// time limit is killed without a word, and its daemons stay.
func sweep(ctx context.Context) {
	left, _ := filepath.Glob(filepath.Join(os.TempDir(), beds+"*"))
	for _, dir := range left {
		if !own(dir) || os.Remove(dir) == nil { // in use, or empty: never came up
			continue
		}
		if err := newBed(dir).purge(ctx); err != nil {
			fmt.Fprintln(os.Stderr, "e2e: leftover:", err)
		}
	}
}

// own locks a test bed's directory until this process ends, however it ends; a
// process id in a name would still seem alive while nobody reaps its zombie.
func own(dir string) bool {
	fd, err := syscall.Open(dir, syscall.O_DIRECTORY|syscall.O_CLOEXEC, 0)
	return err == nil && syscall.Flock(fd, syscall.LOCK_EX|syscall.LOCK_NB) == nil
}

// freePorts asks the kernel for ports that nobody uses now.
func freePorts(n int) (ports []string, err error) {
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer l.Close() // all at the end, so that none is given twice
		_, port, _ := net.SplitHostPort(l.Addr().String())
		ports = append(ports, port)
	}
	return ports, nil
}
