package edge

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"
)

// What came of changed certificate files, as metric labels.
const (
	reloadSuccess = "success"
	reloadFailure = "failure"
)

// TLS says what phones are shown and what they have to show. Without files and
// without ACME it is a self-signed certificate, and a warning.
type TLS struct {
	Files   []KeyFiles // each shown for the names in it; the first also for all other names, and for none
	ACME    ACME
	Clients Clients
}

// CertificatesConfig says what there is to begin with.
type CertificatesConfig struct {
	TLS
	Shelf   Shelf       // keeps what was issued, and ticket keys; nil: no ACME, and tickets end with the process
	Sockets *Sockets    // may hold the one for HTTP-01; nil: none
	Log     *zap.Logger // nil: silent
	Metrics *Metrics    // nil: counted nowhere

	every time.Duration // files are looked at no more often; 0: a second
}

// Certificates are what all listeners for phones show. They come from files, which
// are followed, and from an authority. Connections that are past their handshake
// never notice a change, but in what is asked of clients: see outdated.go.
type Certificates struct {
	CertificatesConfig
	ctx     context.Context // ends with Close
	stop    context.CancelFunc
	working sync.WaitGroup
	tickets *keeper // nil without a shelf
	shown   atomic.Pointer[shown]

	mu     sync.Mutex // held by the one who looks or applies
	looked time.Time
	parts  *parts
}

// parts are what a configuration is made of.
type parts struct {
	files   []*followed[*tls.Certificate]
	clients *followed[*trust] // nil: clients are asked for nothing
	own     *tls.Certificate  // self-signed, where there is nothing else
	issuing *issuing          // nil without ACME
	web     *challenges       // nil without HTTP-01
}

// OpenCertificates reads all files and begins to get what is to be issued. A file
// that cannot be used is an error; one that has expired is a warning.
func OpenCertificates(ctx context.Context, cfg CertificatesConfig) (*Certificates, error) {
	if cfg.Log == nil {
		cfg.Log = zap.NewNop()
	}
	if cfg.Metrics == nil {
		cfg.Metrics = NewMetrics(nil)
	}
	if cfg.every == 0 {
		cfg.every = time.Second
	}
	c := &Certificates{CertificatesConfig: cfg}
	c.ctx, c.stop = context.WithCancel(context.WithoutCancel(ctx))
	fresh, err := c.assemble(&parts{}, cfg.TLS, time.Now(), true)
	if err != nil {
		c.stop()
		return nil, err
	}
	c.parts = fresh
	c.show()
	if cfg.Shelf != nil {
		c.tickets = &keeper{shelf: cfg.Shelf, log: cfg.Log}
		c.tickets.look(c.ctx, time.Now())
		c.working.Go(func() { c.tickets.keep(c.ctx) })
	}
	cfg.Metrics.expiry.from.Store(c)
	return c, nil
}

// Apply puts another configuration into force, all of it or nothing, and looks at
// the files at once. A new file that cannot be used, also because it has expired, is
// an error, and what was shown before stays. A port for HTTP-01 that is open stays where it is, and the
// shelf is the one that there was.
func (c *Certificates) Apply(next TLS) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	former := c.parts
	fresh, err := c.assemble(former, next, time.Now(), false)
	if err != nil {
		c.show() // files in use that were renewed: they are looked at, and will not have changed again
		return err
	}
	c.parts, c.TLS = fresh, next
	c.show()
	if former.issuing != fresh.issuing {
		former.issuing.end()
	}
	if former.web != nil && fresh.web == nil {
		_ = former.web.Close()
	}
	return nil
}

// Close ends what renews. Nobody may shake hands any more.
func (c *Certificates) Close() {
	c.stop()
	c.working.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.Metrics.expiry.from.CompareAndSwap(c, nil)
	c.parts.issuing.end()
	if c.parts.web != nil {
		_ = c.parts.web.Close()
	}
}

// assemble makes the parts of a configuration, with those of the former that are the
// same. On an error nothing has been changed, but that files of the former have been
// looked at.
func (c *Certificates) assemble(former *parts, want TLS, now time.Time, first bool) (fresh *parts, err error) {
	fresh = &parts{}
	for _, files := range want.Files {
		f, err := c.file(former, files, now, first)
		if err != nil {
			return nil, fmt.Errorf("edge: %w", err)
		}
		fresh.files = append(fresh.files, f)
	}
	if fresh.clients, err = c.clientTrust(former, want.Clients, now); err != nil {
		return nil, fmt.Errorf("edge: client certificates: %w", err)
	}
	if len(want.Files) == 0 && len(want.ACME.Domains) == 0 {
		if fresh.own = former.own; fresh.own == nil {
			if fresh.own, err = selfSigned(now, c.Log); err != nil {
				return nil, fmt.Errorf("edge: make a self-signed certificate: %w", err)
			}
		}
	}
	return fresh, c.issue(former, fresh, want.ACME)
}

// issue keeps who issues, or begins anew. It comes last: it alone opens ports.
func (c *Certificates) issue(former, fresh *parts, want ACME) (err error) {
	switch {
	case len(want.Domains) == 0:
		return nil
	case former.issuing != nil && former.issuing.equal(want) && former.issuing.read == want.contents():
		fresh.issuing, fresh.web = former.issuing, former.web
		return nil
	}
	fresh.web = former.web
	if fresh.web == nil && want.HTTP != "" {
		if fresh.web, err = listenForChallenges(c.ctx, want.HTTP, c.Sockets, c.Log.Named("acme")); err != nil {
			return fmt.Errorf("edge: %w", err)
		}
	}
	if fresh.issuing, err = issue(c.ctx, want, c.Shelf, c.Log.Named("acme"), c.Metrics, fresh.web); err != nil && former.web == nil && fresh.web != nil {
		_ = fresh.web.Close()
	}
	return err
}

// file is the followed pair of the former configuration, looked at again, or a new one.
func (c *Certificates) file(former *parts, k KeyFiles, now time.Time, first bool) (*followed[*tls.Certificate], error) {
	if k.PFX == "" && (k.Cert == "" || k.Key == "") {
		return nil, errors.New("certificate and key file belong together: give both " +
			"(the same file twice, if it holds both), or none for a self-signed certificate")
	}
	i := slices.IndexFunc(former.files, func(f *followed[*tls.Certificate]) bool { return f.name == k })
	if i >= 0 {
		f := former.files[i]
		f.forget()
		changed, err := f.look(now)
		if err == nil {
			c.note(f, changed, nil)
		}
		return f, err
	}
	f := &followed[*tls.Certificate]{name: k, paths: k.paths(), parse: k.parse, check: func(pair *tls.Certificate, now time.Time) error {
		if err := inTime(pair.Leaf, now); err != nil {
			return fmt.Errorf("the certificate in %s %w", k.title(), err)
		}
		return nil
	}}
	late, err := f.open(now)
	if err == nil && late != nil && !first {
		err = late
	}
	if err != nil {
		return nil, err
	}
	if late != nil {
		c.Log.Error("phones will refuse the certificate", zap.Error(late))
	}
	c.announce(f.made)
	return f, nil
}

func (c *Certificates) clientTrust(former *parts, want Clients, now time.Time) (*followed[*trust], error) {
	if want.CA == "" {
		return nil, nil
	}
	if former.clients != nil && former.clients.name == want {
		former.clients.forget()
		changed, err := former.clients.look(now)
		if err == nil {
			c.noteClients(former.clients, changed, nil)
		}
		return former.clients, err
	}
	f := &followed[*trust]{name: want, paths: []string{want.CA}, parse: want.parse}
	_, err := f.open(now)
	return f, err
}
