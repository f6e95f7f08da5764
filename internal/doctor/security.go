package doctor

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Security is what TLS says to a phone.
type Security struct {
	Version  string    `json:"version"` // of those that were agreed upon
	Cipher   string    `json:"cipher"`
	Protocol string    `json:"protocol,omitempty"` // h2 or http/1.1; "" if the server does not choose
	Names    []string  `json:"names"`              // that the certificate is for
	Issuer   string    `json:"issuer"`
	Chain    []string  `json:"chain"` // as the server sends it, its own certificate first
	Expires  time.Time `json:"expires"`
	Days     int       `json:"days_left"`
	Accepts  []string  `json:"accepts"`         // TLS versions
	Notes    []string  `json:"notes,omitempty"` // what should be put right
}

// soon is when a certificate that is not renewed by itself is forgotten: Let's Encrypt's
// are renewed 30 days before.
const soon = 21

// versions of TLS, oldest first. Phones since Android 5 and iOS 5 speak 1.2.
var versions = []uint16{tls.VersionTLS10, tls.VersionTLS11, tls.VersionTLS12, tls.VersionTLS13}

// security looks at the certificate as a phone does, and at what else is accepted. A
// certificate that is not good is an error: no password goes there.
func (v *visit) security(ctx context.Context, u *url.URL) (*Security, error) {
	state, err := v.shake(ctx, u, func(c *tls.Config) { c.NextProtos = []string{"h2", "http/1.1"} })
	if err != nil {
		return nil, fmt.Errorf("TLS with %s failed: %w", hostPort(u), err)
	}
	own := state.PeerCertificates[0]
	s := &Security{Version: tls.VersionName(state.Version), Cipher: tls.CipherSuiteName(state.CipherSuite), Protocol: state.NegotiatedProtocol,
		Names: named(own), Issuer: own.Issuer.String(), Expires: own.NotAfter}
	for _, c := range state.PeerCertificates {
		s.Chain = append(s.Chain, c.Subject.String())
		if c.NotAfter.Before(s.Expires) { // whichever ends first ends the trust
			s.Expires = c.NotAfter
		}
	}
	s.Days = int(time.Until(s.Expires).Hours() / 24)
	if err := v.believe(u, state.PeerCertificates); err != nil {
		return s, err
	}
	v.accepted(ctx, u, s)
	return s, ctx.Err()
}

// named are the names and addresses that a certificate is for.
func named(c *x509.Certificate) []string {
	names := slices.Clone(c.DNSNames)
	for _, ip := range c.IPAddresses {
		names = append(names, ip.String())
	}
	return names
}

// shake makes a TLS connection that proves nothing, and ends it.
func (v *visit) shake(ctx context.Context, u *url.URL, change func(*tls.Config)) (state tls.ConnectionState, err error) {
	ctx, cancel := context.WithTimeout(ctx, prompt)
	defer cancel()
	bare, err := v.Dial(ctx, "tcp", hostPort(u))
	if err != nil {
		return state, err
	}
	defer bare.Close()
	c := v.tlsFor(u)
	c.InsecureSkipVerify = true // to look at the certificate; believe decides, before anything is sent
	change(c)
	secured := tls.Client(bare, c)
	err = secured.HandshakeContext(ctx)
	return secured.ConnectionState(), err
}

// believe verifies a chain as it was sent: Go fetches no certificates that are missing,
// and neither does Android.
func (v *visit) believe(u *url.URL, sent []*x509.Certificate) error {
	c := v.tlsFor(u)
	o := x509.VerifyOptions{DNSName: c.ServerName, Roots: c.RootCAs, Intermediates: x509.NewCertPool(), CurrentTime: time.Now()}
	for _, between := range sent[1:] {
		o.Intermediates.AddCert(between)
	}
	_, err := sent[0].Verify(o)
	var nobody x509.UnknownAuthorityError
	var other x509.HostnameError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &nobody) && len(sent) == 1 && sent[0].Issuer.String() != sent[0].Subject.String():
		return fmt.Errorf("phones refuse the certificate: the server sends its own only, and not that of its issuer %s: configure the full chain (or --ca FILE, if phones trust that issuer); if that issuer is not whom you bought it from, a box on the way looks into TLS", sent[0].Issuer)
	case errors.As(err, &nobody):
		return fmt.Errorf("phones refuse the certificate: nobody knows its issuer %s (if phones trust it: --ca FILE); if that is not whom you bought it from, a box on the way looks into TLS", sent[len(sent)-1].Issuer)
	case errors.As(err, &other):
		return fmt.Errorf("phones refuse the certificate: it is for %s, and not for %s", strings.Join(named(sent[0]), " "), c.ServerName)
	}
	return fmt.Errorf("phones refuse the certificate: %w", err)
}

// accepted tries each version alone.
func (v *visit) accepted(ctx context.Context, u *url.URL, s *Security) {
	accepts := map[uint16]bool{}
	for _, version := range versions {
		_, err := v.shake(ctx, u, func(c *tls.Config) { c.MinVersion, c.MaxVersion = version, version })
		if err == nil {
			accepts[version] = true
			s.Accepts = append(s.Accepts, tls.VersionName(version))
		}
	}
	if !accepts[tls.VersionTLS12] {
		s.Notes = append(s.Notes, "TLS 1.2 is not accepted: phones before Android 10 and iOS 12.2 cannot connect")
	}
	if accepts[tls.VersionTLS10] || accepts[tls.VersionTLS11] {
		s.Notes = append(s.Notes, "TLS 1.0 or 1.1 is accepted: no phone of today needs it, and RFC 8996 forbids it")
	}
	if s.Days < soon {
		s.Notes = append(s.Notes, fmt.Sprintf("the certificate ends in %d days: renew it, or all phones stop at once", s.Days))
	}
}
