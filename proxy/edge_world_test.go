package proxy

import (
	"context"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/diastole/diastole/internal/lab"
)

// edgeWorld is a Proxy that holds waits itself, between phones that behave like real
// ones and a whole ActiveSync server, in a bubble.
type edgeWorld struct {
	*stage
	server *lab.Server
	front  *lab.Pipe
	bell   *bell

	mu    sync.Mutex
	asked []lab.Request // all that the server was asked
}

func inEdgeWorld(t *testing.T, test func(w *edgeWorld), set ...func(*Config)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { test(newEdgeWorld(t, set)) })
}

func newEdgeWorld(t *testing.T, set []func(*Config)) *edgeWorld {
	return edgeWorldOf(t, lab.ServerConfig{Users: map[string]string{"anna": "secret", "bert": "hidden"}}, set...)
}

// edgeWorldOf is one with another server.
func edgeWorldOf(t *testing.T, of lab.ServerConfig, set ...func(*Config)) *edgeWorld {
	w := &edgeWorld{stage: newStage(t, nil), front: lab.NewPipe(), bell: &bell{covers: true}, server: lab.NewServer(of)}
	inside := lab.NewPipe()
	go w.server.Serve(inside)
	w.server.Inject(lab.Fault{Match: func(r *lab.Request) bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.asked = append(w.asked, *r)
		return false
	}})
	edge := func(c *Config) {
		c.Dial = inside.Dial
		c.Watch = w.bell.watch
		c.Hold = Hold{Edge: true, Check: "estimate", Poll: 30 * time.Second, Safety: 5 * time.Minute, Linger: 30 * time.Second}
	}
	w.dial = func() (net.Conn, error) { return w.front.Dial(context.Background(), "", "") }
	w.open(w.front, "http://up.test", append([]func(*Config){edge}, set...))
	t.Cleanup(func() { // first of all: the proxy's own cleaning waits for its phones
		w.server.Close()
	})
	return w
}

// count tells how often the server was asked a command.
func (w *edgeWorld) count(command string) (n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, r := range w.asked {
		if r.Command == command {
			n++
		}
	}
	return n
}

// deliver puts a mail into the inbox.
func (w *edgeWorld) deliver(user string) {
	w.Helper()
	if _, err := w.server.Deliver(user, "", lab.Mail{Subject: "news"}); err != nil {
		w.Fatal(err)
	}
}

// ringer is a phone with what became of its waits.
type ringer struct {
	*lab.Phone
	world *edgeWorld
	mu    sync.Mutex
	waits []lab.Wait
	mails int
	stop  context.CancelFunc
}

// phone is one that has its folders and its mail.
func (w *edgeWorld) phone(user, password string, set ...func(*lab.PhoneConfig)) *ringer {
	w.Helper()
	r := &ringer{world: w}
	c := lab.PhoneConfig{
		URL: "http://edge.test", User: user, Password: password, DeviceID: user + "1", Dial: w.front.Dial,
		Ladder: lab.Fixed(15 * time.Minute), Grace: time.Nanosecond, // never late
		OnWait: func(e lab.Wait) { r.mu.Lock(); defer r.mu.Unlock(); r.waits = append(r.waits, e) },
		OnMail: func(lab.Mail) { r.mu.Lock(); defer r.mu.Unlock(); r.mails++ },
	}
	for _, change := range set {
		change(&c)
	}
	r.Phone = lab.NewPhone(c)
	return r
}

// live lets the phone live until the test's end.
func (r *ringer) live() *ringer {
	ctx, stop := context.WithCancel(context.Background())
	over := make(chan struct{})
	go func() { _ = r.Run(ctx); close(over) }()
	r.stop = sync.OnceFunc(func() { stop(); <-over })
	r.world.Cleanup(r.stop)
	return r
}

// saw are the statuses of its waits so far.
func (r *ringer) saw() (statuses []int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, w := range r.waits {
		statuses = append(statuses, w.Status)
	}
	return statuses
}

func (r *ringer) last() lab.Wait {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.waits) == 0 {
		return lab.Wait{}
	}
	return r.waits[len(r.waits)-1]
}

func (r *ringer) got() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.mails
}

// passes lets time pass until everybody waits again.
func (w *edgeWorld) passes(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// bell is a wake source that a test rings.
type bell struct {
	mu       sync.Mutex
	covers   bool
	settled  bool // covers what it ever will
	next     int
	heard    map[int]func(bool)
	mailbox  map[int]Mailbox
	missed   int
	all      []Mailbox // that were ever listened to
	onListen func()
}

func (b *bell) watch(m Mailbox, heard func(bool)) Watching {
	b.mu.Lock()
	b.next++
	id := b.next
	if b.heard == nil {
		b.heard, b.mailbox = map[int]func(bool){}, map[int]Mailbox{}
	}
	b.heard[id], b.mailbox[id] = heard, m
	b.all = append(b.all, m)
	hook := b.onListen
	b.mu.Unlock()
	if hook != nil {
		hook()
	}
	return Watching{
		Covered: func() bool { b.mu.Lock(); defer b.mu.Unlock(); return b.covers },
		Coming:  func() bool { b.mu.Lock(); defer b.mu.Unlock(); return !b.settled },
		Missed:  func() { b.mu.Lock(); defer b.mu.Unlock(); b.missed++ },
		Leave:   func() { b.mu.Lock(); defer b.mu.Unlock(); delete(b.heard, id); delete(b.mailbox, id) },
	}
}

// ring tells everybody who listens for a user.
func (b *bell) ring(user string) { b.tell(user, true) }

func (b *bell) tell(user string, changed bool) {
	b.mu.Lock()
	var told []func(bool)
	for id, m := range b.mailbox {
		if user == "" || m.User == user {
			told = append(told, b.heard[id])
		}
	}
	b.mu.Unlock()
	for _, heard := range told {
		heard(changed)
	}
}

// cover says whether the source covers all from now on.
func (b *bell) cover(all bool) {
	b.mu.Lock()
	b.covers = all
	b.mu.Unlock()
	b.tell("", false)
}

func (b *bell) listeners() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.heard)
}
