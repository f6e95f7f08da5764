package jmap

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/diastole/diastole/internal/wake"
)

// Config is what a Source is made of.
type Config struct {
	URL   string         // of the server (then /.well-known/jmap is asked, RFC 8620 2.2), or of its session
	Roots *x509.CertPool // whose certificates are believed; nil: the system's
	Push  Push           // the zero value: no push subscriptions, but EventSource connections

	Dial       func(ctx context.Context, network, address string) (net.Conn, error) // nil: the network
	Log        *zap.Logger
	Metrics    *wake.Metrics         // nil: counted nowhere
	Registerer prometheus.Registerer // for the metrics of JMAP; nil: nowhere
}

// Push is where the server sends its word to, instead of over a connection of ours.
type Push struct {
	URL    string // https, as the server reaches it; each subscription adds a part that nobody can guess
	Listen string // HOST:PORT where a reverse proxy hands over, without TLS, what came to URL

	listener net.Listener // instead of Listen; tests
}

// mostLines bounds the users who are listened for at one time, each with a goroutine
// or two and a connection. Whoever comes later is covered by nothing, so the proxy
// looks at his mailbox from time to time.
const mostLines = 10_000

// startsAtOnce is how many may be on their way to a connection at one time. Without
// it a restart with thousands of phones is a flood of logins.
const startsAtOnce = 16

// quiet is for how long a source that comes and goes is one trouble in the log.
const quiet = 10 * time.Minute

// credentials are those of a waiting request.
type credentials struct{ user, password string }

// Source listens for changes at one JMAP server.
type Source struct {
	config Config
	origin *url.URL // where alone credentials are sent to
	tls    *tls.Config
	door   *door // nil: no push
	counts counts
	health *wake.Health
	starts chan struct{}

	ctx     context.Context // ends with Close
	end     context.CancelFunc
	running sync.WaitGroup // the lines' goroutines, and the door's

	mu    sync.Mutex // guards the lines too
	lines map[credentials]*line
}

var _ wake.Source = (*Source)(nil)

// New makes a source. It connects when somebody waits; only Push.Listen is bound now.
func New(c Config) (*Source, error) {
	origin, err := url.Parse(c.URL)
	if err != nil || origin.Host == "" || origin.Scheme != "https" && origin.Scheme != "http" {
		return nil, fmt.Errorf("the URL of the JMAP server is %q: write https://HOST, or https://HOST/PATH of its session", c.URL)
	}
	if origin.User != nil {
		return nil, errors.New("the URL of the JMAP server holds a password: each user is asked for with his own, take it out")
	}
	if c.Log == nil {
		c.Log = zap.NewNop()
	}
	if strings.Trim(origin.Path, "/") == "" {
		origin.Path = "/.well-known/jmap"
	}
	s := &Source{
		config: c, origin: origin, tls: &tls.Config{RootCAs: c.Roots, MinVersion: tls.VersionTLS12},
		counts: newCounts(c.Registerer), health: wake.NewHealth("jmap", c.Log, c.Metrics, quiet),
		starts: make(chan struct{}, startsAtOnce), lines: map[credentials]*line{},
	}
	s.ctx, s.end = context.WithCancel(wake.Ground{})
	s.counts.observe(s)
	if c.Push != (Push{}) {
		if s.door, err = newDoor(c.Push, s); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// Name implements wake.Source.
func (s *Source) Name() string { return "jmap" }

// Watch implements wake.Source. All who wait with the same credentials share one
// connection. Who has no password, or a name that Basic cannot carry (RFC 7617 2), is
// covered by nothing.
func (s *Source) Watch(m wake.Mailbox, heard func(changed bool)) wake.Watching {
	who := credentials{m.User, m.Password}
	w := &watcher{waits: m.Waits(), heard: heard}
	if who.user == "" || who.password == "" || strings.Contains(who.user, ":") {
		return w
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.lines[who]
	if l == nil {
		if s.ctx.Err() != nil || len(s.lines) >= mostLines {
			return w
		}
		l = s.begin(who)
	}
	w.line = l
	l.watchers[w] = struct{}{}
	return w
}

// Close implements wake.Source. It returns when no goroutine is left; a subscription
// is destroyed first, which takes a server that does not answer some seconds.
func (s *Source) Close() {
	s.mu.Lock()
	s.end()
	s.mu.Unlock()
	if s.door != nil {
		s.door.close()
	}
	s.running.Wait()
}
