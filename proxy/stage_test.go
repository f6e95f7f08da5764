package proxy

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/diastole/diastole/internal/lab"
	"github.com/diastole/diastole/internal/said"
)

// stage is a Proxy between phones and a server that says what the test tells it.
type stage struct {
	*testing.T
	proxy    *Proxy
	up       *lab.Recorder
	registry *prometheus.Registry
	log      *observer.ObservedLogs
	dial     func() (net.Conn, error) // the phone's way in
	conns    gauge                    // open connections of phones
	requests gauge                    // in the proxy
	went     []*lab.Recorded          // see sent
}

// onSockets puts the stage on 127.0.0.1.
func onSockets(t *testing.T, script lab.Script, set ...func(*Config)) *stage {
	t.Helper()
	leavesNothing(t)
	s := newStage(t, script)
	base, err := s.up.Listen(nil)
	if err != nil {
		t.Fatal(err)
	}
	front, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.dial = func() (net.Conn, error) { return net.Dial("tcp", front.Addr().String()) }
	s.open(front, base, set)
	return s
}

// leavesNothing sees to it that no goroutine and no descriptor is left when the test
// has cleaned up. In a bubble synctest itself counts goroutines.
func leavesNothing(t *testing.T) {
	t.Helper()
	running, open := goleak.IgnoreCurrent(), descriptors(t)
	t.Cleanup(func() {
		if err := goleak.Find(running); err != nil {
			t.Error(err)
		}
		for range 100 { // the kernel's side of a close may take its time
			if descriptors(t) <= open {
				return
			}
			time.Sleep(10 * time.Millisecond)
		}
		t.Errorf("%d descriptors are open, %d were before", descriptors(t), open)
	})
}

// descriptors counts the open ones, where the system tells.
func descriptors(t *testing.T) int {
	t.Helper()
	open, err := os.ReadDir("/proc/self/fd")
	if err != nil && runtime.GOOS == "linux" {
		t.Fatal(err)
	}
	return len(open)
}

// inMemory puts the stage into the synctest bubble it is called in.
func inMemory(t *testing.T, script lab.Script, set ...func(*Config)) *stage {
	t.Helper()
	s := newStage(t, script)
	inside, front := lab.NewPipe(), lab.NewPipe()
	go s.up.Serve(inside)
	s.dial = func() (net.Conn, error) { return front.Dial(context.Background(), "", "") }
	s.open(front, "http://up.test", append([]func(*Config){func(c *Config) { c.Dial = inside.Dial }}, set...))
	return s
}

func newStage(t *testing.T, script lab.Script) *stage {
	return &stage{T: t, up: lab.NewRecorder(script), registry: prometheus.NewRegistry()}
}

func (s *stage) open(front net.Listener, base string, set []func(*Config)) {
	log, lines := said.Log(s, zapcore.DebugLevel)
	said.Metrics(s, s.registry)
	s.log = lines
	u, err := url.Parse(base)
	if err != nil {
		s.Fatal(err)
	}
	c := Config{Upstream: u, Log: log, Metrics: NewMetrics(s.registry), LogName: hashed}
	c.LogRequests = true
	for _, change := range set {
		change(&c)
	}
	s.proxy = New(c)
	server := &http.Server{
		Handler:     http.HandlerFunc(s.serve),
		ConnContext: s.proxy.lobby.ConnContext,
		ConnState: func(c net.Conn, state http.ConnState) {
			s.proxy.lobby.ConnState(c, state)
			switch state {
			case http.StateNew:
				s.conns.add(1)
			case http.StateClosed, http.StateHijacked:
				s.conns.add(-1)
			}
		},
		// As the listener in front has them: scenario 14.
		ReadHeaderTimeout: 30 * time.Second, IdleTimeout: 5 * time.Minute,
	}
	go server.Serve(front)
	s.Cleanup(func() {
		server.Close()
		s.up.Close()
		s.settled()
		s.proxy.Close()
	})
}

// hashed writes a name as the program does by default, but under a key that is known.
func hashed(name string) string {
	if name == "" {
		return "-"
	}
	sum := sha256.Sum256([]byte(name))
	return hex.EncodeToString(sum[:6])
}

func (s *stage) serve(w http.ResponseWriter, r *http.Request) {
	s.requests.add(1)
	defer s.requests.add(-1)
	s.proxy.ServeHTTP(w, r)
}

// settled waits until the proxy is done with every request that it has.
func (s *stage) settled() { s.requests.wait(func(_, now int) bool { return now == 0 }) }

// gauge counts what comes and goes. Unlike a WaitGroup it may do so while others
// wait.
type gauge struct {
	mu         sync.Mutex
	changed    *sync.Cond
	total, now int
}

func (g *gauge) lock() {
	g.mu.Lock()
	if g.changed == nil {
		g.changed = sync.NewCond(&g.mu)
	}
}

func (g *gauge) add(n int) {
	g.lock()
	defer g.mu.Unlock()
	g.total += max(n, 0)
	g.now += n
	g.changed.Broadcast()
}

// wait returns when enough is true of how many have come in all and are there.
func (g *gauge) wait(enough func(total, now int) bool) {
	g.lock()
	defer g.mu.Unlock()
	for !enough(g.total, g.now) {
		g.changed.Wait()
	}
}

// caller is one connection of a phone.
type caller struct {
	net.Conn
	stage *stage
	in    *bufio.Reader
}

func (s *stage) call() *caller {
	s.Helper()
	c, err := s.dial()
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() { c.Close() })
	return &caller{Conn: c, stage: s, in: bufio.NewReader(c)}
}

// ask sends one request on a connection of its own and reads its answer.
func (s *stage) ask(p post) reply {
	s.Helper()
	c := s.call()
	defer c.Close()
	return c.ask(p)
}

func (c *caller) ask(p post) reply {
	c.stage.Helper()
	c.send(p.raw())
	return c.reply()
}

func (c *caller) send(raw string) {
	c.stage.Helper()
	if _, err := io.WriteString(c, raw); err != nil {
		c.stage.Fatal(err)
	}
}

// reply is an answer as the phone got it.
type reply struct {
	code   int
	header http.Header
	body   string
	cut    bool // it ended before its end
}

// reply reads the next answer. One that never begins is cut, with code 0; a 1xx
// is an answer like any other here, and to a phone that waits it is a mistake.
func (c *caller) reply() reply {
	c.stage.Helper()
	res, err := http.ReadResponse(c.in, nil)
	if err != nil {
		return reply{cut: true}
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	return reply{res.StatusCode, res.Header, string(body), err != nil}
}

// post is a request of a phone. What is not said is anna's, with device dev1.
type post struct {
	cmd, user, device string
	query             string // instead of the one made of those three
	lines             string // further header lines, each with CR LF
	body              []byte
	chunked           bool
}

func (p post) raw() string {
	user, device := p.user, p.device
	if user == "" {
		user = "anna"
	}
	if device == "" {
		device = "dev1"
	}
	query := p.query
	if query == "" {
		query = "Cmd=" + p.cmd + "&User=" + user + "&DeviceId=" + device + "&DeviceType=phone"
	}
	var b strings.Builder
	b.WriteString("POST /Microsoft-Server-ActiveSync?" + query + " HTTP/1.1\r\nHost: mail.example.test\r\n")
	b.WriteString("Authorization: " + basic(user, "secret") + "\r\n" + p.lines)
	if len(p.body) > 0 {
		b.WriteString("Content-Type: application/vnd.ms-sync.wbxml\r\n")
	}
	if p.chunked {
		b.WriteString("Transfer-Encoding: chunked\r\n\r\n")
		for len(p.body) > 0 {
			n := min(len(p.body), 1+len(p.body)/3)
			b.WriteString(lab.Chunk(string(p.body[:n])))
			p.body = p.body[n:]
		}
		b.WriteString(lab.Chunk(""))
		return b.String()
	}
	fmt.Fprintf(&b, "Content-Length: %d\r\n\r\n%s", len(p.body), p.body)
	return b.String()
}

func basic(user, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
}

// document is a server's answer with a WBXML body.
func document[B string | []byte](body B) string {
	return fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: application/vnd.ms-sync.wbxml\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
}

// after is a script that takes its time, and gives up when the stage ends.
func after(d time.Duration, then lab.Script) lab.Script {
	return func(x *lab.Exchange) error {
		if err := x.ReadBody(); err != nil {
			return err
		}
		select {
		case <-time.After(d):
			return then(x)
		case <-x.Context.Done():
			return io.EOF
		}
	}
}
