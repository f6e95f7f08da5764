package dav

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
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
	URL   string         // under which users have their collections: https://HOST/SOGo/dav
	Every time.Duration  // between two looks at one user; 0: 1 min
	Roots *x509.CertPool // whose certificates are believed; nil: the system's

	Dial       func(ctx context.Context, network, address string) (net.Conn, error) // nil: the network
	Log        *zap.Logger
	Metrics    *wake.Metrics         // nil: counted nowhere
	Registerer prometheus.Registerer // for the metrics of looks; nil: nowhere
}

const (
	// mostAccounts bounds the users who are looked at, or whose last look is kept, each
	// with some 500 bytes and a timer. Whoever comes later is covered by nothing, so the
	// proxy asks for him from time to time.
	mostAccounts = 10_000

	// looksAtOnce and a look each turn of one of them: 100 a second are 6,000 users a
	// minute, and take less than one of the server's workers.
	looksAtOnce = 4
	turn        = 40 * time.Millisecond

	// quiet is for how long a source that comes and goes is one trouble in the log.
	quiet = 10 * time.Minute
)

// Source looks at the collections of one server's users.
type Source struct {
	config Config
	base   *url.URL
	http   *http.Client
	counts counts
	health *wake.Health
	who    *wake.Identifier // under which accounts are found
	due    chan *account    // whose turn it is to be looked at

	ctx     context.Context // ends with Close
	end     context.CancelFunc
	running sync.WaitGroup // lookers

	mu       sync.Mutex
	accounts map[wake.Identity]*account
}

var _ wake.Source = (*Source)(nil)

// New makes a source. It asks the server when somebody waits.
func New(c Config) (*Source, error) {
	base, err := url.Parse(c.URL)
	if err != nil || base.Host == "" || base.Scheme != "https" && base.Scheme != "http" {
		return nil, fmt.Errorf("the URL of the DAV server is %q: write https://HOST/SOGo/dav", c.URL)
	}
	if base.User != nil {
		return nil, errors.New("the URL of the DAV server holds a password: each user is asked for with his own, take it out")
	}
	if c.Every <= 0 {
		c.Every = time.Minute
	}
	if c.Log == nil {
		c.Log = zap.NewNop()
	}
	s := &Source{
		config: c, base: base, http: newClient(c),
		counts: newCounts(c.Registerer), health: wake.NewHealth("dav", c.Log, c.Metrics, quiet),
		who: wake.NewIdentifier(), due: make(chan *account, mostAccounts), accounts: map[wake.Identity]*account{},
	}
	s.ctx, s.end = context.WithCancel(wake.Ground{})
	s.counts.observe(s)
	for range looksAtOnce {
		s.running.Go(s.attend)
	}
	return s, nil
}

// Name implements wake.Source.
func (s *Source) Name() string { return "dav" }

// Watch implements wake.Source. Who waits on mail alone, or brings no credentials that
// can be used, is covered by nothing.
func (s *Source) Watch(m wake.Mailbox, heard func(changed bool)) wake.Watching {
	who := credentials{m.User, m.Password}
	if !m.Other || !who.usable() {
		return nobody{}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.account(s.who.Of(who.user, who.password))
	if a == nil {
		return nobody{}
	}
	return a.join(who, m.Waits(), heard)
}

// account finds an account, or makes one; nil where there is no room, or no more
// looking. It is called with mu held.
func (s *Source) account(id wake.Identity) *account {
	if s.ctx.Err() != nil {
		return nil
	}
	if a := s.accounts[id]; a != nil {
		return a
	}
	if len(s.accounts) >= mostAccounts && !s.makeRoom() {
		return nil
	}
	a := &account{source: s, id: id}
	s.accounts[id] = a
	return a
}

// makeRoom forgets one on which nobody waits.
func (s *Source) makeRoom() bool {
	for _, a := range s.accounts {
		if a.audience.Empty() {
			a.forget()
			return true
		}
	}
	return false
}

// Close implements wake.Source. Looks that are on are given up.
func (s *Source) Close() {
	s.mu.Lock()
	s.end()
	for _, a := range s.accounts {
		a.forget()
	}
	s.mu.Unlock()
	s.running.Wait()
}

// credentials are those of a waiting request.
type credentials struct{ user, password string }

// usable tells whether they can be sent, and the name is one step of a path: of ".."
// the server would make somebody else's. A colon ends the name (RFC 7617 2).
func (c credentials) usable() bool {
	return c.user != "" && c.user != "." && c.user != ".." && c.password != "" && !strings.Contains(c.user, ":")
}

// nobody is the watching of one who is not looked at.
type nobody struct{}

// Covers implements wake.Watching.
func (nobody) Covers() wake.Classes { return 0 }

// Leave implements wake.Watching.
func (nobody) Leave() {}
