package imap

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/diastole/diastole/internal/said"
	"github.com/diastole/diastole/internal/wake"
)

// world is a source in a bubble, with a server that says what the test tells it to.
type world struct {
	*testing.T
	source   *Source
	arrivals chan net.Conn // the server's ends of what the source dials
	metrics  *prometheus.Registry
	log      *observer.ObservedLogs
}

// in runs a test in a bubble, which also proves that no goroutine is left.
func in(t *testing.T, cfg Config, test func(w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		log, logs := said.Log(t, zap.DebugLevel)
		w := &world{T: t, arrivals: make(chan net.Conn, 10000), metrics: prometheus.NewRegistry(), log: logs}
		said.Metrics(t, w.metrics)
		cfg.Address, cfg.Log, cfg.Registerer = "imap.example.test:143", log, w.metrics
		if cfg.TLS == "" {
			cfg.TLS = "none"
		}
		if cfg.Dial == nil {
			cfg.Dial = func(context.Context, string, string) (net.Conn, error) {
				ours, theirs := net.Pipe()
				w.arrivals <- theirs
				return ours, nil
			}
		}
		w.source = New(cfg)
		defer w.source.Close()
		test(w)
	})
}

// server is one connection as the server has it.
type server struct {
	*world
	conn  net.Conn
	lines *bufio.Reader
	caps  string
}

// everything is what Dovecot 2.3 can, as far as anybody asks.
const everything = "IMAP4rev1 SASL-IR AUTH=PLAIN ENABLE IDLE CONDSTORE NOTIFY"

func (w *world) accept() *server {
	w.Helper()
	select {
	case conn := <-w.arrivals:
		_ = conn.SetDeadline(time.Now().Add(24 * time.Hour))
		w.Cleanup(func() { conn.Close() })
		return &server{w, conn, bufio.NewReader(conn), everything}
	case <-time.After(24 * time.Hour):
		w.Fatal("nobody connects")
		return nil
	}
}

// noDial says that nobody tries to connect now.
func (w *world) noDial(after time.Duration) {
	w.Helper()
	time.Sleep(after)
	synctest.Wait()
	if len(w.arrivals) > 0 {
		w.Fatal("it connects again")
	}
}

func (s *server) say(lines ...string) {
	s.Helper()
	for _, line := range lines {
		if _, err := fmt.Fprintf(s.conn, "%s\r\n", line); err != nil {
			s.Fatalf("saying %q: %v", line, err)
		}
	}
}

func (s *server) read() string {
	s.Helper()
	line, err := s.lines.ReadString('\n')
	if err != nil {
		s.Fatalf("waiting for a line: %v", err)
	}
	return strings.TrimSuffix(line, "\r\n")
}

// wants reads one command and gives its tag.
func (s *server) wants(command string) (tag string) {
	s.Helper()
	line := s.read()
	tag, got, _ := strings.Cut(line, " ")
	if got != command {
		s.Fatalf("got %q, want %q", got, command)
	}
	return tag
}

// does answers one command with these lines and OK.
func (s *server) does(command string, untagged ...string) {
	s.Helper()
	tag := s.wants(command)
	s.say(untagged...)
	s.say(tag + " OK done")
}

// plain is "\x00user\x00secret" in base64.
const plain = "AHVzZXIAc2VjcmV0"

func (s *server) login() {
	s.Helper()
	s.say("* OK [CAPABILITY " + s.caps + "] ready")
	tag := s.wants("AUTHENTICATE PLAIN " + plain)
	s.say(tag + " OK [CAPABILITY " + s.caps + "] in")
}

// idle brings a connection to IDLE, with these numbers for UIDNEXT and HIGHESTMODSEQ.
func (s *server) idle(next, modseq int) (tag string) {
	s.Helper()
	s.login()
	s.does("EXAMINE INBOX (CONDSTORE)", "* 3 EXISTS", "* 0 RECENT", "* OK [UIDVALIDITY 9] valid",
		fmt.Sprintf("* OK [UIDNEXT %d] next", next), fmt.Sprintf("* OK [HIGHESTMODSEQ %d] highest", modseq))
	return s.idles()
}

func (s *server) idles() (tag string) {
	s.Helper()
	tag = s.wants("IDLE")
	s.say("+ idling")
	synctest.Wait()
	return tag
}

const notifyAll = "NOTIFY SET STATUS (personal (MessageNew MessageExpunge FlagChange MailboxName))"

func (s *server) notify(status ...string) {
	s.Helper()
	s.login()
	s.does("ENABLE CONDSTORE", "* ENABLED CONDSTORE")
	s.does(notifyAll, status...)
	synctest.Wait()
}

// closed waits until the source has closed the connection.
func (s *server) closed() {
	s.Helper()
	if line, err := s.lines.ReadString('\n'); err == nil || !errors.Is(err, net.ErrClosed) && err.Error() != "EOF" {
		s.Fatalf("got %q, %v, want the end", line, err)
	}
}

// ear is one who waits.
type ear struct {
	*world
	wake.Watching
	mu            sync.Mutex
	news, changes int // heard(true) and heard(false)
}

func (w *world) watch(m wake.Mailbox) *ear {
	e := &ear{world: w}
	if m.User == "" {
		m.User, m.Password = "user", "secret"
	}
	e.Watching = w.source.Watch(m, func(changed bool) {
		e.mu.Lock()
		defer e.mu.Unlock()
		if changed {
			e.news++
		} else {
			e.changes++
		}
	})
	return e
}

// heard says how often this one was told of a change since the last call.
func (e *ear) heard(want int) {
	e.Helper()
	synctest.Wait()
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.news != want {
		e.Errorf("heard of %d changes, want %d", e.news, want)
	}
	e.news = 0
}

// covered says what is covered, and whether that was told since the last call.
func (e *ear) covered(want wake.Classes, told bool) {
	e.Helper()
	synctest.Wait()
	e.mu.Lock()
	defer e.mu.Unlock()
	if got := e.Covers(); got != want || told != (e.changes > 0) {
		e.Errorf("covers %b, told %d times; want %b, told: %v", got, e.changes, want, told)
	}
	e.changes = 0
}

// metric is the value of a metric, "name{label}" without the common prefix.
func (w *world) metric(name, label string, want float64) {
	w.Helper()
	synctest.Wait()
	families, err := w.metrics.Gather()
	if err != nil {
		w.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if f.GetName() == "diastole_wake_imap_"+name && (label == "" || m.GetLabel()[0].GetValue() == label) {
				if got := m.GetGauge().GetValue() + m.GetCounter().GetValue(); got != want {
					w.Errorf("%s{%s} is %v, want %v", name, label, got, want)
				}
				return
			}
		}
	}
	w.Errorf("no metric %s{%s}", name, label)
}

var (
	inbox = wake.Mailbox{Inbox: true}
	both  = wake.Mailbox{Inbox: true, Mail: true}
)

// told counts the lines whose reason for people has this in it.
func (w *world) told(part string) (n int) {
	for _, line := range w.log.All() {
		if why, _ := line.ContextMap()["why"].(string); strings.Contains(why, part) {
			n++
		}
	}
	return n
}
