package jmap

import (
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/diastole/diastole/internal/lab"
	"github.com/diastole/diastole/internal/said"
	"github.com/diastole/diastole/internal/wake"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// world is the lab's server with JMAP and a source for it, in a bubble where hours
// take no time.
type world struct {
	*testing.T
	lab      *lab.Server
	jmap     *lab.JMAP
	pipe     *lab.Pipe // to the server
	door     *lab.Pipe // to the source's push URL
	source   *Source
	registry *prometheus.Registry
	logs     *observer.ObservedLogs
}

// inWorld runs a test with a source that streams.
func inWorld(t *testing.T, cfg lab.JMAPConfig, test func(w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { newWorld(t, cfg, Push{}).run(test) })
}

// inPushWorld runs a test with a source that subscribes. What stands before the push
// URL ends TLS: the server speaks https, the source hears http.
func inPushWorld(t *testing.T, cfg lab.JMAPConfig, test func(w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		door := lab.NewPipe()
		posts := &http.Transport{DialTLSContext: door.Dial}
		cfg.Push = &http.Client{Transport: posts}
		w := newWorld(t, cfg, Push{URL: "https://edge.test/push", listener: door})
		w.door = door
		defer posts.CloseIdleConnections()
		w.run(test)
	})
}

func newWorld(t *testing.T, cfg lab.JMAPConfig, push Push) *world {
	t.Helper()
	w := &world{T: t, pipe: lab.NewPipe(), registry: prometheus.NewRegistry()}
	w.lab = lab.NewServer(lab.ServerConfig{Users: map[string]string{"anna": "secret", "bert": "hidden"}})
	w.jmap = w.lab.JMAP(cfg)
	go w.lab.Serve(w.pipe)
	log, logs := said.Log(t, zap.DebugLevel)
	said.Metrics(t, w.registry)
	w.logs = logs
	var err error
	w.source, err = New(Config{URL: "http://mail.test", Push: push, Dial: w.pipe.Dial, Registerer: w.registry, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) run(test func(w *world)) {
	defer func() {
		w.source.Close()
		w.lab.Close()
		time.Sleep(time.Second) // net/http lingers half a second over a connection with unread data
	}()
	test(w)
}

// phone is one who watches, and what it heard.
type phone struct {
	wake.Watching
	mu               sync.Mutex
	changes, covered int
}

func (w *world) watch(m wake.Mailbox) *phone {
	p := &phone{}
	p.Watching = w.source.Watch(m, func(changed bool) {
		p.mu.Lock()
		defer p.mu.Unlock()
		if changed {
			p.changes++
		} else {
			p.covered++
		}
	})
	w.Cleanup(p.Leave)
	return p
}

// anna is her mailbox, with everything to wait for.
func anna() wake.Mailbox {
	return wake.Mailbox{User: "anna", Password: "secret", Inbox: true, Mail: true, Other: true}
}

// heard are the changes since the last call.
func (p *phone) heard() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := p.changes
	p.changes = 0
	return n
}

// settle lets what is on its way arrive. Latency is not measured here: the clock of
// a bubble stands still while anything runs.
func settle() { time.Sleep(5 * time.Second); synctest.Wait() }

// listening is a phone that is covered and has heard that it may have missed something.
func (w *world) listening(m wake.Mailbox) *phone {
	w.Helper()
	p := w.watch(m)
	settle()
	if p.Covers() == 0 {
		w.Fatalf("nothing is covered: %v", w.logs.All())
	}
	if n := p.heard(); n != 1 {
		w.Fatalf("%d changes told when the line came up, want 1: it may have changed while nobody listened", n)
	}
	return p
}

func (w *world) deliver(user string) string {
	w.Helper()
	id, err := w.lab.Deliver(user, "", lab.Mail{Subject: "hello"})
	if err != nil {
		w.Fatal(err)
	}
	return id
}

// count is a counter's value.
func (w *world) count(name, label string) float64 {
	w.Helper()
	families, err := w.registry.Gather()
	if err != nil {
		w.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if f.GetName() != "diastole_wake_jmap_"+name || label != "" && m.GetLabel()[0].GetValue() != label {
				continue
			}
			if g := m.GetGauge(); g != nil {
				return g.GetValue()
			}
			return m.GetCounter().GetValue()
		}
	}
	w.Fatalf("no metric %s{%s}", name, label)
	return 0
}
