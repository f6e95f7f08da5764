package edge

import (
	"crypto/tls"
	"errors"
	"fmt"
	"os"
	"strings"
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

// certificates gives the certificate to each handshake. Where it comes from
// files, it follows their changes: a renewal needs no signal and no restart.
type certificates struct {
	certFile, keyFile string        // both empty: self-signed, nothing to follow
	every             time.Duration // the files are looked at no more often
	log               *zap.Logger
	metrics           *Metrics

	current atomic.Pointer[tls.Certificate]

	mu     sync.Mutex // held by the one handshake that looks
	looked time.Time
	seen   pemPair
}

// pemPair is what the files held at one moment. Comparing it is comparing the
// contents: that needs no trust in time stamps or inodes, so it sees a link
// swapped (certbot, Kubernetes), a file moved over another and one rewritten in
// place within the same tick. Two small reads a second are cheaper than one
// handshake.
type pemPair struct{ cert, key, failed string }

// loadCertificates reads the files for the first time; here a mistake is an error.
func loadCertificates(cfg Config) (*certificates, error) {
	c := &certificates{certFile: cfg.CertFile, keyFile: cfg.KeyFile, every: cfg.limits.certificate, log: cfg.Log, metrics: cfg.Metrics}
	if cfg.CertFile == "" && cfg.KeyFile == "" {
		own, err := selfSigned(time.Now(), cfg.Log)
		if err != nil {
			return nil, fmt.Errorf("edge: make a self-signed certificate: %w", err)
		}
		c.use(own)
		return c, nil
	}
	if cfg.CertFile == "" || cfg.KeyFile == "" {
		return nil, errors.New("edge: certificate and key file belong together: give both " +
			"(the same file twice, if it holds both), or none for a self-signed certificate")
	}
	c.seen = readPair(cfg.CertFile, cfg.KeyFile)
	pair, err := c.seen.parse(c.certFile, c.keyFile)
	if err != nil {
		return nil, err
	}
	c.use(pair)
	return c, nil
}

func readPair(certFile, keyFile string) pemPair {
	cert, err := os.ReadFile(certFile)
	if err != nil {
		return pemPair{failed: err.Error()}
	}
	key, err := os.ReadFile(keyFile)
	if err != nil {
		return pemPair{failed: err.Error()}
	}
	return pemPair{cert: string(cert), key: string(key)}
}

func (p pemPair) parse(certFile, keyFile string) (*tls.Certificate, error) {
	if p.failed != "" {
		return nil, fmt.Errorf("edge: read the certificate: %s", p.failed)
	}
	pair, err := tls.X509KeyPair([]byte(p.cert), []byte(p.key))
	if err != nil {
		return nil, fmt.Errorf("edge: certificate %s with key %s: %s", certFile, keyFile, strings.TrimPrefix(err.Error(), "tls: "))
	}
	return &pair, nil
}

// get is tls.Config.GetCertificate.
func (c *certificates) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	return c.current.Load(), nil
}

// follow takes a new pair from the files when they have changed. It is called
// before each handshake, not from GetCertificate: a resumed session asks for no
// certificate, and with phones that only resume the files would never be
// looked at. One handshake looks, the others go on with what there is.
//
// A pair that is not whole or does not match is normal for a moment, while key
// and certificate are replaced one after the other. It is warned about once and
// tried again when the files change again.
func (c *certificates) follow(now time.Time) {
	if c.certFile == "" || !c.mu.TryLock() {
		return
	}
	defer c.mu.Unlock()
	if now.Sub(c.looked) < c.every {
		return
	}
	c.looked = now
	found := readPair(c.certFile, c.keyFile)
	if found == c.seen {
		return
	}
	c.seen = found
	pair, err := found.parse(c.certFile, c.keyFile)
	if err != nil {
		c.metrics.reloads.WithLabelValues(reloadFailure).Inc()
		c.log.Warn("changed certificate files are not usable, the certificate before stays in use", zap.Error(err))
		return
	}
	c.metrics.reloads.WithLabelValues(reloadSuccess).Inc()
	c.use(pair)
}

func (c *certificates) use(pair *tls.Certificate) {
	c.current.Store(pair)
	c.metrics.notAfter.Set(float64(pair.Leaf.NotAfter.Unix()))
	c.log.Info("certificate in use", zap.Stringer("subject", pair.Leaf.Subject), zap.Strings("names", pair.Leaf.DNSNames),
		zap.String("serial", pair.Leaf.SerialNumber.Text(16)), zap.Time("not_after", pair.Leaf.NotAfter))
}
