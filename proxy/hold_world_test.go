package proxy

import (
	"bufio"
	"context"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/diastole/diastole/internal/lab"
)

// world is a stage with phones at two addresses, and a server that holds every wait
// until the test answers it.
type world struct {
	*stage
	*desk
	bubble bool // time is free, and nothing else is under way when it passes
	parks  bool // connections are taken out of the http.Server
	dialAt func(ip string) (net.Conn, error)
	ips    [2]string // at home, and elsewhere
}

// inBothWorlds runs a test in memory, where time is free, and on sockets. What is
// different where waits are parked has tests of its own.
func inBothWorlds(t *testing.T, test func(w *world), set ...func(*Config)) {
	t.Helper()
	inABubble(t, test, set...)
	t.Run("on sockets", func(t *testing.T) {
		test(onRealSockets(t, func(doors net.Listener) net.Listener { return doors }, set))
	})
}

// parkedWorld is on sockets, where waits are parked: see again.
func parkedWorld(t *testing.T, set ...func(*Config)) *world {
	w := onRealSockets(t, func(doors net.Listener) net.Listener { return newInn(doors) }, set)
	w.parks = true
	return w
}

// onRealSockets is onSockets with another listener, and callers from anywhere on this
// machine.
func onRealSockets(t *testing.T, door func(net.Listener) net.Listener, set []func(*Config)) *world {
	t.Helper()
	d := newDesk()
	w := &world{stage: newStage(t, d.script), desk: d, ips: [2]string{"127.0.0.1", "127.0.0.2"}}
	base, err := w.stage.up.Listen(nil)
	if err != nil {
		t.Fatal(err)
	}
	doors, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w.dialAt = func(ip string) (net.Conn, error) {
		from := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(ip)}}
		return from.DialContext(t.Context(), "tcp", doors.Addr().String())
	}
	w.stage.dial = func() (net.Conn, error) { return w.dialAt(w.ips[0]) }
	w.open(door(doors), base, set)
	return w
}

// inABubble runs a test in memory only.
func inABubble(t *testing.T, test func(w *world), set ...func(*Config)) {
	t.Helper()
	t.Run("in memory", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) { test(bubbleWorld(t, set...)) })
	})
}

func bubbleWorld(t *testing.T, set ...func(*Config)) *world {
	d := newDesk()
	w := &world{stage: newStage(t, d.script), desk: d, bubble: true, ips: [2]string{"192.0.2.1", "198.51.100.9"}}
	w.openInMemory(set)
	return w
}

// openInMemory is inMemory with callers from anywhere.
func (w *world) openInMemory(set []func(*Config)) {
	inside, front := lab.NewPipe(), &streets{Pipe: lab.NewPipe(), from: make(chan net.Addr, 1000)}
	go w.stage.up.Serve(inside)
	w.dialAt = front.dialFrom
	w.stage.dial = func() (net.Conn, error) { return front.dialFrom(w.ips[0]) }
	w.open(front, "http://up.test", append([]func(*Config){func(c *Config) { c.Dial = inside.Dial }}, set...))
}

// streets is a network in memory whose callers have addresses of their own.
type streets struct {
	*lab.Pipe
	mu   sync.Mutex
	from chan net.Addr // of those in the backlog, in their order
}

func (s *streets) dialFrom(ip string) (net.Conn, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, err := s.Dial(context.Background(), "", "")
	if err == nil {
		s.from <- &net.TCPAddr{IP: net.ParseIP(ip), Port: c.LocalAddr().(*net.TCPAddr).Port}
	}
	return c, err
}

func (s *streets) Accept() (net.Conn, error) {
	c, err := s.Pipe.Accept()
	if err != nil {
		return nil, err
	}
	return &calledFrom{c, <-s.from}, nil
}

type calledFrom struct {
	net.Conn
	from net.Addr
}

func (c *calledFrom) RemoteAddr() net.Addr { return c.from }

// wants is a request of a phone. What is not said is anna's device dev1 at home, which
// waits 480 s on two folders.
type wants struct {
	cmd      string // Ping; Hang is a Sync that waits
	user     string
	password string
	device   string
	policy   string // X-MS-PolicyKey
	version  string
	interval string   // "-" leaves it out
	folders  []string // none if it is not nil
	empty    bool     // no body
	roamed   bool     // it calls from elsewhere
}

// filled is what it asks in full.
func (q wants) filled() wants {
	q.cmd, q.user, q.interval = or(q.cmd, "Ping"), or(q.user, "anna"), or(q.interval, "480")
	if q.folders == nil {
		q.folders = []string{"1", "2"}
	}
	return q
}

func (q wants) raw() string {
	q = q.filled()
	p := post{cmd: q.cmd, user: q.user, device: q.device, body: q.body()}
	if p.cmd == "Hang" {
		p.cmd = "Sync"
	}
	p.lines = "MS-ASProtocolVersion: " + or(q.version, "14.1") + "\r\nX-MS-PolicyKey: " + or(q.policy, "1") + "\r\n"
	return strings.Replace(p.raw(), basic(q.user, "secret"), basic(q.user, or(q.password, "secret")), 1)
}

func (q wants) body() []byte {
	switch {
	case q.empty:
		return nil
	case q.cmd == "Ping":
		return pingOf(strings.Trim(q.interval, "-"), q.folders...)
	case q.cmd == "Hang":
		hang := syncOf(q.folders...)
		hang.Wait, hang.Interval = -1, int(seconds(q.interval)/time.Second)
		return hang.Append(nil, "14.1")
	case q.cmd == "Sync":
		plain := syncOf(q.folders...)
		plain.Wait = -1
		return plain.Append(nil, "14.1")
	}
	return []byte("\x03\x01\x6a\x00")
}

func or(said, otherwise string) string {
	if said == "" {
		return otherwise
	}
	return said
}

func seconds(text string) time.Duration {
	d, _ := time.ParseDuration(text + "s")
	return d
}

// handset is a connection of a phone, and what it asked last.
type handset struct {
	*caller
	world *world
	asked wants
}

// asks sends a request on a connection of its own.
func (w *world) asks(q wants) *handset {
	w.Helper()
	ip := w.ips[0]
	if q.roamed {
		ip = w.ips[1]
	}
	h := w.ringsFrom(ip)
	w.Cleanup(func() { h.Close() })
	h.again(q)
	return h
}

// ringsFrom is a phone that has not asked yet. It is the caller's to close.
func (w *world) ringsFrom(ip string) *handset {
	w.Helper()
	c, err := w.dialAt(ip)
	if err != nil {
		w.Fatal(err)
	}
	_ = c.SetReadDeadline(time.Now().Add(w.patience()))
	return &handset{caller: &caller{Conn: c, stage: w.stage, in: bufio.NewReader(c)}, world: w}
}

// again sends a request on the same connection.
func (h *handset) again(q wants) {
	h.stage.Helper()
	h.asked = q
	_ = h.SetReadDeadline(time.Now().Add(h.world.patience()))
	var before int
	h.stage.requests.wait(func(total, _ int) bool { before = total; return true })
	h.send(q.raw())
	switch {
	case h.world.bubble:
		synctest.Wait() // one after the other, or their order is anybody's guess
	case h.world.parks: // its handler has let go of it
		h.stage.requests.wait(func(total, now int) bool { return total > before && now == 0 })
	}
}

// patience is how long a test waits before it gives up: in a bubble no time at all.
func (w *world) patience() time.Duration {
	switch {
	case w.bubble:
		return 3 * time.Hour
	case w.Failed():
		return 100 * time.Millisecond // the rest hangs on what failed
	}
	return 3 * time.Second
}

// command lets a device do something that does not wait, and gives its HTTP code.
func (w *world) command(q wants) int {
	w.Helper()
	h, began := w.asks(q), time.Now()
	defer h.Close()
	got := h.reply()
	if took := time.Since(began); w.bubble && took > w.desk.refusal {
		w.Errorf("%s was delayed by %v", q.cmd, took-w.desk.refusal)
	}
	return got.code
}

// accepted lets the server take the credentials of a device.
func (w *world) accepted(q wants) {
	w.Helper()
	q.cmd = "FolderSync"
	if code := w.command(q); code != 200 {
		w.Fatalf("the server answered %d to %+v", code, q)
	}
}

// released: nothing is new, says the proxy itself, and at once.
func (h *handset) released() {
	h.stage.Helper()
	began := time.Now()
	h.gotOurs(h.reply())
	if took := time.Since(began); h.world.bubble && took > atOnce {
		h.stage.Errorf("released after %v, want at once", took)
	}
}

// atOnce is what a phone may be answered late, whatever it asked.
const atOnce = grace

// gotOurs: this answer is the proxy's own "nothing is new".
func (h *handset) gotOurs(got reply) {
	h.stage.Helper()
	body := pingSays(1)
	if h.asked.cmd == "Hang" {
		body = ""
	}
	wantReply(h.stage.T, got, 200, body)
	if token := got.header.Get("X-Token"); token != "" {
		h.stage.Errorf("the server said it, in answer %s", token)
	}
	if got.header.Get("Content-Length") == "" {
		h.stage.Errorf("framed by %v", got.header)
	}
}

// gets: what the server answered to this wait, whole.
func (h *handset) gets(u *upWait) {
	h.stage.Helper()
	got := h.reply()
	wantReply(h.stage.T, got, 200, u.said)
	if token := got.header.Get("X-Token"); token != u.token {
		h.stage.Errorf("the phone got answer %q, want %s", token, u.token)
	}
}

// hearsNothing for so long; on sockets that cannot be seen.
func (h *handset) hearsNothing(d time.Duration) {
	h.stage.Helper()
	if !h.world.bubble {
		return
	}
	h.SetReadDeadline(time.Now().Add(d))
	if got, err := h.in.Peek(1); len(got) > 0 || err == io.EOF {
		h.stage.Errorf("the phone was answered (%q, %v), want silence", got, err)
	}
	h.SetReadDeadline(time.Now().Add(h.world.patience()))
}
