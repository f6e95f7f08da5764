package edge

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/caddyserver/certmagic"
	acmeapi "github.com/mholt/acmez/v3/acme"
	"go.uber.org/zap"
)

// ACME says which certificates are to be had from an authority (RFC 8555). To use it
// is to agree to the authority's terms.
type ACME struct {
	Domains    []string      // names in lower case, one certificate each; none: ACME is off
	Email      string        // where the authority may write to; may be empty
	CA         string        // URL of its directory; "" is Let's Encrypt
	CARoot     string        // PEM file: who signed the authority's own server, beside the system's authorities; may be empty
	EABKeyID   string        // external account binding (RFC 8555 7.3.4); may be empty
	EABKeyFile string        // its key, base64url, in a file
	HTTP       string        // HOST:PORT that answers HTTP-01; "": only TLS-ALPN-01 is done, on the port for phones
	CheckEvery time.Duration // how often it is seen whether a renewal is due; 0: ten minutes
}

func (a ACME) equal(b ACME) bool {
	same := slices.Equal(a.Domains, b.Domains)
	a.Domains, b.Domains = nil, nil
	return same && fmt.Sprint(a) == fmt.Sprint(b)
}

// issuing gets certificates from an authority and renews them, with certmagic and
// without any of its globals' defaults. Waits that are held are not concerned: a
// certificate counts in a handshake only.
type issuing struct {
	ACME
	log     *zap.Logger
	metrics *Metrics
	cache   *certmagic.Cache
	magic   *certmagic.Config
	issuer  *certmagic.ACMEIssuer
	seat    net.Listener // see takeSeat
	stop    context.CancelFunc

	shelf   Shelf
	working sync.WaitGroup // who waits for a shelf that cannot be reached

	mu     sync.Mutex
	not    map[string]time.Time // name -> before then the authority does not want to hear of it
	loaded map[string]chan struct{}
}

// loadWithin is how long a start waits for certificates that are on the shelf
// already. They come from a disk in no time; stapling may ask a responder that hangs.
const loadWithin = 5 * time.Second

// issue begins to get what is configured. What is on the shelf is shown when it
// returns; the rest comes when it comes, and is tried again for ever.
func issue(ctx context.Context, cfg ACME, s Shelf, log *zap.Logger, m *Metrics, web *challenges) (*issuing, error) {
	if s == nil {
		return nil, errors.New("edge: ACME needs a place for certificates: set tls.acme.path or state.path")
	}
	i := &issuing{ACME: cfg, shelf: s, log: log, metrics: m, not: map[string]time.Time{}, loaded: map[string]chan struct{}{}}
	template, err := i.template()
	if err != nil {
		return nil, err
	}
	if i.seat, err = takeSeat(ctx); err != nil {
		return nil, err
	}
	template.ListenHost = "127.0.0.1"
	template.AltHTTPPort = i.seat.Addr().(*net.TCPAddr).Port
	template.AltTLSALPNPort = template.AltHTTPPort
	i.cache = certmagic.NewCache(certmagic.CacheOptions{
		GetConfigForCert:   func(certmagic.Certificate) (*certmagic.Config, error) { return i.magic, nil },
		RenewCheckInterval: cfg.CheckEvery,
		Logger:             template.Logger,
	})
	i.magic = certmagic.New(i.cache, certmagic.Config{
		Storage: newStorage(s),
		Logger:  template.Logger,
		OnEvent: i.hear,
		// Phones before Android 7 know no other curve than P-256.
		KeySource: certmagic.StandardKeyGenerator{KeyType: certmagic.P256},
		// With a proxy function certmagic makes a client with a time limit for it.
		OCSP: certmagic.OCSPConfig{HTTPProxy: http.ProxyFromEnvironment},
	})
	i.issuer = certmagic.NewACMEIssuer(i.magic, template)
	i.magic.Issuers = []certmagic.Issuer{i.issuer}
	ctx, i.stop = context.WithCancel(ctx)
	if web != nil {
		web.issues.Store(i) // before it is asked for the first time
	}
	i.begin(ctx)
	return i, nil
}

func (i *issuing) template() (t certmagic.ACMEIssuer, err error) {
	t = certmagic.ACMEIssuer{
		CA: i.CA, Email: i.Email, Agreed: true, DisableHTTPChallenge: i.HTTP == "",
		Logger: i.log.WithOptions(zap.WrapCore(demote)), HTTPProxy: http.ProxyFromEnvironment,
	}
	if t.CA == "" {
		t.CA = certmagic.LetsEncryptProductionCA
	}
	if i.CARoot != "" {
		if t.TrustedRoots, err = rootsAnd(i.CARoot); err != nil {
			return t, err
		}
	}
	if i.EABKeyID != "" {
		key, err := readFile(i.EABKeyFile)
		if err != nil {
			return t, fmt.Errorf("edge: the key of tls.acme.eab: %w", err)
		}
		// Written with padding or without, authorities have both.
		t.ExternalAccount = &acmeapi.EAB{KeyID: i.EABKeyID, MACKey: strings.TrimRight(strings.TrimSpace(string(key)), "=")}
	}
	return t, nil
}

// rootsAnd are the system's authorities and those in a file: an own authority stands
// beside the public ones, to which the configuration may change any day.
func rootsAnd(file string) (*x509.CertPool, error) {
	pem, err := readFile(file)
	if err != nil {
		return nil, fmt.Errorf("edge: tls.acme.ca_root: %w", err)
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("edge: tls.acme.ca_root: no certificate in PEM form in %s", file)
	}
	return pool, nil
}

// takeSeat opens a port that answers nothing. To solve a challenge certmagic opens a
// port of its own, unless it finds that port in use: then whoever has it is trusted
// to answer. Ours do, and certmagic is shown this one, so that it never binds a port
// for phones in the moment in which a reload moves there, nor knocks at one that
// wants a PROXY header.
func takeSeat(ctx context.Context) (net.Listener, error) {
	var listen net.ListenConfig
	seat, err := listen.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("edge: %w", err)
	}
	go func() {
		for {
			c, err := seat.Accept()
			if err != nil {
				return
			}
			_ = c.Close()
		}
	}()
	return seat, nil
}

// begin loads what is on the shelf and has the rest issued.
func (i *issuing) begin(ctx context.Context) {
	var now, later []string
	var waited []chan struct{}
	for _, name := range i.Domains {
		there, err := i.kept(ctx, name)
		switch {
		case err != nil:
			i.log.Error("the place for certificates cannot be reached, and is tried again: phones cannot connect to this name until it can",
				zap.String("name", name), zap.Error(err))
			later = append(later, name)
			continue
		case there:
			i.loaded[name] = make(chan struct{})
			waited = append(waited, i.loaded[name])
		}
		now = append(now, name)
	}
	_ = i.magic.ManageAsync(ctx, now) // it gives no error, what goes wrong is an event
	i.working.Go(func() { i.manageLater(ctx, later) })
	late := time.NewTimer(loadWithin)
	defer late.Stop()
	for _, done := range waited {
		select {
		case <-done:
		case <-late.C:
			return
		case <-ctx.Done():
			return
		}
	}
}

// kept says whether something was issued for a name before.
func (i *issuing) kept(ctx context.Context, name string) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, loadWithin)
	defer cancel()
	_, err := i.shelf.Get(ctx, certmagic.StorageKeys.SiteCert(i.issuer.IssuerKey(), name))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// reachAgain is how often a shelf that could not be reached is tried.
const reachAgain = 10 * time.Second

// manageLater does what certmagic does not: a name whose certificate it cannot read when
// it is told of it, it forgets.
func (i *issuing) manageLater(ctx context.Context, names []string) {
	every := reachAgain
	if i.CheckEvery > 0 {
		every = min(every, i.CheckEvery)
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	for len(names) > 0 {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		names = slices.DeleteFunc(names, func(name string) bool {
			_, err := i.kept(ctx, name)
			if err == nil {
				_ = i.magic.ManageAsync(ctx, []string{name})
			}
			return err == nil
		})
	}
}

// endWithin bounds the end: certmagic may be asking an authority that hangs, and lets
// nobody cut that short.
const endWithin = 2 * time.Second

// end stops everything. A certificate that is being issued right now is left to the
// authority; its order is found again by the next one.
func (i *issuing) end() {
	if i == nil {
		return
	}
	i.stop()
	i.working.Wait()
	stopped := make(chan struct{})
	go func() {
		i.cache.Stop()
		close(stopped)
	}()
	select {
	case <-stopped:
	case <-time.After(endWithin):
	}
	_ = i.seat.Close()
}

// has says whether a name is one of ours. Nothing else may ever make the shelf or the
// authority work: names come from strangers.
func (i *issuing) has(name string) bool { return i != nil && slices.Contains(i.Domains, name) }

// errNoCertificate is for a name that was not issued yet. A self-signed certificate
// in its place would make phones ask their users to trust it.
var errNoCertificate = errors.New("no certificate yet: it is still to be issued")

// get is the certificate of a name, the newest if there are several.
func (i *issuing) get(name string) (*tls.Certificate, error) {
	var best *tls.Certificate
	for _, c := range i.cache.AllMatchingCertificates(name) {
		if best == nil || c.Leaf.NotAfter.After(best.Leaf.NotAfter) {
			best = &c.Certificate
		}
	}
	if best == nil {
		return nil, errNoCertificate
	}
	return best, nil
}

// challengeProtocol is what an authority speaks to us in TLS-ALPN-01 (RFC 8737).
const challengeProtocol = "acme-tls/1"

// asks says whether this is an authority that looks for its answer.
func (i *issuing) asks(hello *tls.ClientHelloInfo) bool {
	return len(hello.SupportedProtos) == 1 && hello.SupportedProtos[0] == challengeProtocol && i.has(strings.ToLower(hello.ServerName))
}

// answer is TLS with which an authority gets its answer; it shows no certificate of
// its own, so none may be asked of it.
func (i *issuing) answer() *tls.Config {
	return &tls.Config{GetCertificate: i.magic.GetCertificate, NextProtos: []string{challengeProtocol}, MinVersion: tls.VersionTLS12}
}

func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	return u.Host
}
