package imap

import (
	"crypto/tls"
	"strings"
	"sync"
	"time"

	"github.com/diastole/diastole/internal/wake"
)

// Source watches mailboxes of one IMAP server.
type Source struct {
	cfg    Config
	tls    *tls.Config
	who    *wake.Identifier // under which accounts are found
	logins chan struct{}    // turns: a restart with thousands of phones must not become as many logins at once
	report reporter
	counts *metrics

	running sync.WaitGroup // keepers

	mu       sync.Mutex
	accounts map[wake.Identity]*account
	placed   int // accounts that hold one of cfg.Connections places
	idlers   int // accounts that nobody waits on
	outside  int // accounts that found no place
	closed   bool
}

var _ wake.Source = (*Source)(nil)

// New makes a source. It connects only when somebody waits.
func New(cfg Config) *Source {
	cfg.fill()
	s := &Source{cfg: cfg, tls: cfg.security(), logins: make(chan struct{}, cfg.Logins),
		who: wake.NewIdentifier(), accounts: map[wake.Identity]*account{}}
	s.report = reporter{log: cfg.Log, health: wake.NewHealth("imap", cfg.Log, cfg.Metrics, 5*time.Minute)}
	s.counts = newMetrics(cfg.Registerer)
	return s
}

// Name implements wake.Source.
func (s *Source) Name() string { return "imap" }

// Watch implements wake.Source. Who waits on nothing that IMAP has, or brings no
// credentials that can be used, is watched by nobody: his watching covers nothing.
func (s *Source) Watch(m wake.Mailbox, heard func(changed bool)) wake.Watching {
	l, ok := s.loginOf(m)
	if !ok || m.Waits()&s.sees() == 0 {
		return nobody{}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nobody{}
	}
	id := s.who.Of(l.user, l.password)
	a := s.accounts[id]
	if a == nil {
		a = newAccount(s, id)
		s.accounts[id] = a
	}
	return a.join(l, m.Waits(), heard)
}

// sees are the classes that the mode can cover at all.
func (s *Source) sees() wake.Classes {
	if s.cfg.Mode == "idle" {
		return wake.Inbox
	}
	return wake.Inbox | wake.Mail
}

// loginOf says as whom to log in for this mailbox. A name that holds the separator
// itself would choose the master user, or whose mailbox it is.
func (s *Source) loginOf(m wake.Mailbox) (credentials, bool) {
	name, master := m.User, s.cfg.Master
	if master.User == "" {
		l := credentials{name, m.Password}
		return l, m.Password != "" && l.usable()
	}
	if name == "" || strings.Contains(name, master.Separator) {
		return credentials{}, false
	}
	l := credentials{name + master.Separator + master.User, master.Password}
	return l, l.usable()
}

// Close ends all connections and waits for their goroutines. Watchers stay valid
// and cover nothing.
func (s *Source) Close() {
	s.mu.Lock()
	s.closed = true
	for _, a := range s.accounts {
		a.forget()
	}
	s.mu.Unlock()
	s.running.Wait()
}

// nobody is the watching of a mailbox that this source cannot watch.
type nobody struct{}

// Covers implements wake.Watching.
func (nobody) Covers() wake.Classes { return 0 }

// Leave implements wake.Watching.
func (nobody) Leave() {}
