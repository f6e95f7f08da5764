package jmap

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"path"
	"strings"
	"sync"
	"time"

	"go.uber.org/zap"
)

const (
	postSize = 64 << 10 // of what the server posts; a StateChange has 200 bytes
	mostPost = 256      // at one time; more are told to come back
)

// door is where the server posts what it has to say to push subscriptions. Each has a
// path of its own that nobody can guess, and nothing is taken on any other.
type door struct {
	url    string
	source *Source
	server *http.Server
	busy   chan struct{}

	mu   sync.Mutex
	ears map[string]*ear // by the last part of the path
}

// ear is where one subscription's posts go.
type ear struct {
	line    *line
	session *session
	codes   chan verification // a flood of them is dropped
}

// verification is a PushVerification (RFC 8620 7.2.2).
type verification struct{ ID, Code string }

// newDoor listens for a source.
func newDoor(p Push, s *Source) (*door, error) {
	u, err := url.Parse(p.URL)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, fmt.Errorf("the push URL for JMAP is %q: write https://HOST/PATH, as RFC 8620 7.2 wants it, without a query", p.URL)
	}
	ln := p.listener
	if ln == nil {
		if p.Listen == "" {
			return nil, errors.New("the push URL for JMAP leads nowhere: say with listen where its requests arrive, as HOST:PORT")
		}
		if ln, err = net.Listen("tcp", p.Listen); err != nil {
			return nil, fmt.Errorf("the push URL for JMAP: %w", err)
		}
	}
	d := &door{url: strings.TrimRight(p.URL, "/"), source: s, busy: make(chan struct{}, mostPost), ears: map[string]*ear{}}
	d.server = &http.Server{
		Handler: d, ErrorLog: zap.NewStdLog(zap.NewNop()), MaxHeaderBytes: 16 << 10,
		ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 20 * time.Second,
		WriteTimeout: 30 * time.Second, IdleTimeout: time.Minute,
	}
	s.running.Go(func() { _ = d.server.Serve(ln) }) // it ends when it is closed, and not before
	return d, nil
}

func (d *door) close() { _ = d.server.Close() }

// open makes a URL for one subscription. 128 bits of it cannot be guessed.
func (d *door) open(l *line, s *session) (url string, e *ear, shut func()) {
	secret := rand.Text()
	e = &ear{line: l, session: s, codes: make(chan verification, 4)}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.ears[secret] = e
	return d.url + "/" + secret, e, func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		delete(d.ears, secret)
	}
}

// ServeHTTP takes what the server posts. Only the last part of the path is asked, as
// proxies cut off what is before it. A path that is not known says nothing more than
// 404, which also tells the server of a subscription that is gone.
func (d *door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d.mu.Lock()
	e := d.ears[path.Base(r.URL.Path)]
	d.mu.Unlock()
	if e == nil || r.Method != http.MethodPost {
		d.answer(w, "unknown", http.StatusNotFound)
		return
	}
	select {
	case d.busy <- struct{}{}:
		defer func() { <-d.busy }()
	default:
		d.answer(w, "busy", http.StatusServiceUnavailable)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, postSize))
	if err != nil || !e.take(body) {
		d.answer(w, "malformed", http.StatusBadRequest)
		return
	}
	d.answer(w, "taken", http.StatusNoContent)
}

func (d *door) answer(w http.ResponseWriter, result string, code int) {
	d.source.counts.posts.WithLabelValues(result).Inc()
	w.WriteHeader(code)
}

// take reads one posted object, and says whether it is one that a server posts.
func (e *ear) take(body []byte) bool {
	var said struct {
		Type    string      `json:"@type"`
		Changed stateChange `json:"changed"`
		ID      string      `json:"pushSubscriptionId"`
		Code    string      `json:"verificationCode"`
	}
	if json.Unmarshal(body, &said) != nil {
		return false
	}
	switch said.Type {
	case "StateChange":
		e.line.changed(said.Changed, e.session)
	case "PushVerification":
		select {
		case e.codes <- verification{said.ID, said.Code}:
		default:
		}
	default:
		return false
	}
	return true
}
