package edge

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
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

// contents are those of its files, to see whether they have changed.
func (a ACME) contents() (all string) {
	for _, path := range []string{a.CARoot, a.EABKeyFile} {
		content, err := readFile(path)
		if err != nil {
			content = nil // who begins anew says so
		}
		all += string(content) + "\x00"
	}
	return all
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

	read    string // contents, as they were when it began
	shelf   Shelf
	working sync.WaitGroup // who waits for a shelf that cannot be reached

	mu     sync.Mutex
	not    map[string]time.Time // name -> before then the authority does not want to hear of it
	loaded map[string]chan struct{}
}

// issue begins to get what is configured. What is on the shelf is shown when it
// returns; the rest comes when it comes, and is tried again for ever.
func issue(ctx context.Context, cfg ACME, s Shelf, log *zap.Logger, m *Metrics, web *challenges) (*issuing, error) {
	if s == nil {
		return nil, errors.New("edge: ACME needs a place for certificates: set tls.acme.path or state.path")
	}
	i := &issuing{ACME: cfg, read: cfg.contents(), shelf: s, log: log, metrics: m, not: map[string]time.Time{}, loaded: map[string]chan struct{}{}}
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
