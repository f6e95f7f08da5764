package edge

import (
	"crypto/tls"
	"crypto/x509"
	"time"

	"go.uber.org/zap"
)

// follow takes new certificates from the files when they have changed. It is called
// before each handshake, not from GetCertificate: a resumed session asks for no
// certificate, and with phones that only resume the files would never be looked at.
// One handshake looks, the others go on with what there is.
func (c *Certificates) follow(now time.Time) {
	if !c.mu.TryLock() {
		return
	}
	defer c.mu.Unlock()
	if now.Sub(c.looked) < c.every {
		return
	}
	c.looked = now
	fresh := false
	for _, f := range c.parts.files {
		changed, err := f.look(now)
		c.note(f, changed, err)
		fresh = fresh || changed
	}
	if f := c.parts.clients; f != nil {
		changed, err := f.look(now)
		c.noteClients(f, changed, err)
		fresh = fresh || changed
	}
	if fresh {
		c.show()
	}
}

func (c *Certificates) note(f *followed[*tls.Certificate], changed bool, err error) {
	switch {
	case err != nil:
		c.Metrics.reloads.WithLabelValues(reloadFailure).Inc()
		c.Log.Warn("changed certificate files are not usable, the certificate before stays in use", zap.Error(err))
	case changed:
		c.Metrics.reloads.WithLabelValues(reloadSuccess).Inc()
		c.announce(f.made)
	}
}

func (c *Certificates) noteClients(f *followed[*trust], changed bool, err error) {
	switch {
	case err != nil:
		c.Metrics.reloads.WithLabelValues(reloadFailure).Inc()
		c.Log.Warn("the changed authorities for client certificates are not usable, those before stay in use", zap.Error(err))
	case changed:
		c.Metrics.reloads.WithLabelValues(reloadSuccess).Inc()
		c.Log.Info("authorities for client certificates in use", zap.Strings("paths", f.paths))
	}
}

func (c *Certificates) announce(pair *tls.Certificate) {
	c.Log.Info("certificate in use", described(pair.Leaf)...)
	if mustStaple(pair.Leaf) {
		c.Log.Warn("this certificate asks to be refused without an OCSP answer (must-staple), which is not given for files: "+
			"have it issued without that extension", zap.Strings("names", pair.Leaf.DNSNames))
	}
}

// described are the fields of a certificate, wherever it came from.
func described(leaf *x509.Certificate) []zap.Field {
	return []zap.Field{zap.Stringer("subject", leaf.Subject), zap.Strings("names", leaf.DNSNames), zap.Stringer("issuer", leaf.Issuer),
		zap.String("serial", leaf.SerialNumber.Text(16)), zap.Time("not_after", leaf.NotAfter)}
}
