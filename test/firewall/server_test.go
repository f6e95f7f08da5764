//go:build linux

package firewall

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/diastole/diastole/heartbeat"
	"github.com/diastole/diastole/proxy/proof"
	"github.com/diastole/diastole/test/netns"
)

// A server holds each request for as long as it asks (/?ms=1500&phone=p1) and
// watches what becomes of its answers, as diastole does.
type server struct {
	address string
	watcher *proof.Watcher
	proofs  chan verdict
	asked   chan string // the phones whose requests have arrived
	onClose bool        // the last look at a socket is taken before it is closed
}

type verdict struct {
	phone string
	proof heartbeat.Proof
}

type connKey struct{}

// line is a connection from a phone; its last answer is confirmed by its next
// request.
type line struct {
	net.Conn
	server *server
	mu     sync.Mutex
	last   proof.ID
}

func (l *line) Close() error {
	if l.server.onClose {
		l.mu.Lock()
		l.server.watcher.Closing(l.last)
		l.mu.Unlock()
	}
	return l.Conn.Close()
}

// lines makes a line of each connection that is accepted.
type lines struct {
	net.Listener
	server *server
}

func (l lines) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &line{Conn: conn, server: l.server}, nil
}

func serve(t *testing.T, w *netns.World, window time.Duration) *server {
	t.Helper()
	listener, err := w.Server.Listen(netns.ServerAddress + ":0")
	if err != nil {
		t.Fatal(err)
	}
	s := &server{address: listener.Addr().String(), proofs: make(chan verdict, 1024), asked: make(chan string, 1024),
		watcher: proof.New(proof.Config{Window: window})}
	h := &http.Server{Handler: s, ConnContext: func(ctx context.Context, c net.Conn) context.Context {
		return context.WithValue(ctx, connKey{}, c)
	}}
	go h.Serve(lines{listener, s})
	t.Cleanup(func() { h.Close(); s.watcher.Close() })
	return s
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	l := r.Context().Value(connKey{}).(*line)
	l.mu.Lock()
	s.watcher.Confirm(l.last)
	l.mu.Unlock()
	phone := r.FormValue("phone")
	who := heartbeat.Key{Device: phone}
	s.watcher.Heard(who)

	s.asked <- phone
	began := time.Now()
	ms, _ := strconv.Atoi(r.FormValue("ms"))
	select {
	case <-time.After(time.Duration(ms) * time.Millisecond):
	case <-r.Context().Done():
		return
	}
	raw, _ := l.Conn.(syscall.Conn).SyscallConn()
	a := proof.Answer{Conn: raw, Before: proof.Before(raw), Held: time.Since(began), Who: who,
		Device: netip.MustParseAddrPort(r.RemoteAddr)}
	fmt.Fprint(w, "nothing new")
	l.mu.Lock()
	l.last = s.watcher.Watch(a, time.Now(), func(p heartbeat.Proof) { s.proofs <- verdict{phone, p} })
	l.mu.Unlock()
}

// collect waits for n verdicts and counts them.
func (s *server) collect(t *testing.T, n int) map[heartbeat.Proof]int {
	t.Helper()
	count := map[heartbeat.Proof]int{}
	for range n {
		select {
		case v := <-s.proofs:
			count[v.proof]++
		case <-time.After(time.Minute):
			t.Fatalf("only %v of %d answers were judged", count, n)
		}
	}
	return count
}

// A phone has one connection at a time.
type phone struct {
	t      *testing.T
	name   string
	server *server
	conn   net.Conn
}

func dial(t *testing.T, w *netns.World, s *server, name string) *phone {
	t.Helper()
	conn, err := w.Phones.Dial(t.Context(), "tcp", s.address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return &phone{t: t, name: name, server: s, conn: conn}
}

// ask sends a wait.
func (p *phone) ask(held time.Duration) {
	p.t.Helper()
	if _, err := fmt.Fprintf(p.conn, "GET /?ms=%d&phone=%s HTTP/1.1\r\nHost: push\r\n\r\n", held.Milliseconds(), p.name); err != nil {
		p.t.Fatal(err)
	}
}

// answered waits for the answer.
func (p *phone) answered(within time.Duration) error {
	_ = p.conn.SetReadDeadline(time.Now().Add(within))
	answer, err := http.ReadResponse(bufio.NewReader(p.conn), nil)
	if err != nil {
		return err
	}
	return answer.Body.Close()
}
