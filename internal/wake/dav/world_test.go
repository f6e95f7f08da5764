package dav

import (
	"fmt"
	"io"
	"net/http"
	"strings"
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

// server is a DAV server with one calendar and one address book for each user.
type server struct {
	t    testing.TB
	pipe *lab.Pipe

	mu       sync.Mutex
	password string
	tags     map[string]int // by home
	asked    []request
	now, top int // looks that are on, and were at most
	slow     time.Duration
	answer   func(w http.ResponseWriter, r *http.Request) bool // instead of the usual one, if it says so
}

type request struct {
	at         time.Time
	path, user string
}

// ServeHTTP answers as SOGo does.
func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	user, password, _ := r.BasicAuth()
	body, _ := io.ReadAll(r.Body)
	s.mu.Lock()
	s.asked = append(s.asked, request{time.Now(), r.URL.Path, user})
	s.now++
	s.top = max(s.top, s.now)
	slow, answer, want := s.slow, s.answer, s.password
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		s.now--
		s.mu.Unlock()
	}()
	if r.Method != "PROPFIND" || r.Header.Get("Depth") != "1" || !strings.Contains(string(body), "getctag") || r.ContentLength < 1 {
		s.t.Errorf("%s %v %s", r.Method, r.Header, body)
	}
	if slow > 0 {
		select {
		case <-time.After(slow):
		case <-r.Context().Done():
			return
		}
	}
	if answer != nil && answer(w, r) {
		return
	}
	if password != want {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	s.mu.Lock()
	home := r.URL.Path[strings.LastIndexByte(strings.TrimSuffix(r.URL.Path, "/"), '/')+1:]
	text := listing(r.URL.Path, "personal/", fmt.Sprint(s.tags[home]))
	s.mu.Unlock()
	w.WriteHeader(http.StatusMultiStatus)
	io.WriteString(w, text)
}

// listing is what SOGo 5.8 says of a home, with collections and their tags.
func listing(home string, collections ...string) string {
	var b strings.Builder
	b.WriteString(`<?xml version="1.0" encoding="utf-8"?>` + "\n" + `<D:multistatus xmlns:D="DAV:" xmlns:a="http://calendarserver.org/ns/">` +
		`<D:response><D:href>` + home + `</D:href><D:propstat><D:status>HTTP/1.1 200 OK</D:status><D:prop></D:prop></D:propstat>` +
		`<D:propstat><D:status>HTTP/1.1 404 Not Found</D:status><D:prop><a:getctag/></D:prop></D:propstat></D:response>`)
	for i := 0; i < len(collections); i += 2 {
		b.WriteString(`<D:response><D:href>` + home + collections[i] + `</D:href><D:propstat><D:status>HTTP/1.1 200 OK</D:status><D:prop>` +
			`<a:getctag>` + collections[i+1] + `</a:getctag></D:prop></D:propstat></D:response>`)
	}
	return b.String() + `</D:multistatus>`
}

func (s *server) set(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
}

// change changes something in a home.
func (s *server) change(home string) { s.set(func() { s.tags[home]++ }) }

// says has it give this answer to everything.
func (s *server) says(status int, body string) {
	s.set(func() {
		s.answer = func(w http.ResponseWriter, _ *http.Request) bool {
			w.WriteHeader(status)
			io.WriteString(w, body)
			return true
		}
	})
}

// looks are how often the server was asked for calendars since the last call.
func (s *server) looks() (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.asked {
		if strings.HasSuffix(r.path, "/Calendar/") {
			n++
		}
	}
	s.asked = nil
	return n
}

// world is such a server and a source for it, in a bubble where hours take no time.
type world struct {
	*server
	*testing.T
	source   *Source
	registry *prometheus.Registry
	logs     *observer.ObservedLogs
}

func inWorld(t *testing.T, test func(w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := &server{t: t, pipe: lab.NewPipe(), password: "secret", tags: map[string]int{}}
		http1 := &http.Server{Handler: s}
		go http1.Serve(s.pipe)
		log, logs := said.Log(t, zap.DebugLevel)
		w := &world{server: s, T: t, registry: prometheus.NewRegistry(), logs: logs}
		said.Metrics(t, w.registry)
		var err error
		w.source, err = New(Config{URL: "http://sogo.test/SOGo/dav", Dial: s.pipe.Dial, Log: log, Registerer: w.registry})
		if err != nil {
			t.Fatal(err)
		}
		defer func() {
			w.source.Close()
			http1.Close()
			time.Sleep(time.Second) // net/http lingers half a second over a connection with unread data
		}()
		test(w)
	})
}

// phone is one who watches, and what it heard.
type phone struct {
	wake.Watching
	mu               sync.Mutex
	changes, covered int
}

// anna waits on her inbox and on more.
func anna() wake.Mailbox {
	return wake.Mailbox{User: "anna", Password: "secret", Inbox: true, Other: true}
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

// heard are the changes since the last call.
func (p *phone) heard() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := p.changes
	p.changes = 0
	return n
}

// settle lets what is on its way arrive.
func settle() { time.Sleep(time.Second); synctest.Wait() }

// watching is a phone that was looked at.
func (w *world) watching() *phone {
	w.Helper()
	p := w.watch(anna())
	settle()
	if p.Covers() != wake.Other {
		w.Fatalf("covers %b: %v", p.Covers(), w.logs.All())
	}
	p.heard()
	w.looks()
	return p
}

// accounts are how many the source keeps.
func (w *world) accounts() int {
	w.source.mu.Lock()
	defer w.source.mu.Unlock()
	return len(w.source.accounts)
}

// warnings are what an operator is told.
func (w *world) warnings() (all []string) {
	for _, l := range w.logs.FilterLevelExact(zap.WarnLevel).All() {
		all = append(all, fmt.Sprint(l.Message, l.ContextMap()))
	}
	return all
}

// count is a metric's value.
func (w *world) count(name, label string) float64 {
	w.Helper()
	families, err := w.registry.Gather()
	if err != nil {
		w.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if f.GetName() != "diastole_wake_dav_"+name || label != "" && m.GetLabel()[0].GetValue() != label {
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
