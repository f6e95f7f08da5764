package edge

import (
	"crypto/tls"
	"crypto/x509"
	"strings"
)

// shown is what handshakes see of the certificates, and is never changed.
type shown struct {
	byName   map[string][]*tls.Certificate // names in lower case, "*.example.com" among them
	fallback *tls.Certificate              // for other names and for none; nil: the first that is issued
	leaves   []*x509.Certificate
	self     bool // it is self-signed
	trust    *trust
	issuing  *issuing
}

// show makes handshakes see the parts as they are now.
func (c *Certificates) show() {
	p := c.parts
	s := &shown{byName: map[string][]*tls.Certificate{}, issuing: p.issuing, self: p.own != nil}
	for _, f := range p.files {
		s.add(f.made)
	}
	if p.own != nil {
		s.add(p.own)
	}
	if p.clients != nil {
		s.trust = p.clients.made
	}
	if p.web != nil {
		p.web.issues.Store(p.issuing)
	}
	c.shown.Store(s)
}

func (s *shown) add(pair *tls.Certificate) {
	if s.fallback == nil {
		s.fallback = pair
	}
	s.leaves = append(s.leaves, pair.Leaf)
	for _, name := range pair.Leaf.DNSNames {
		name = strings.ToLower(name)
		s.byName[name] = append(s.byName[name], pair)
	}
}

// get is tls.Config.GetCertificate: the certificate that has the name, one with a
// wildcard for it, or the first of all, which a phone with a wrong name then refuses
// with words that say so.
func (s *shown) get(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	name := strings.TrimSuffix(strings.ToLower(hello.ServerName), ".")
	if pairs := s.byName[name]; pairs != nil {
		return fitting(pairs, hello), nil
	}
	if s.issuing.has(name) {
		return s.issuing.get(name)
	}
	if _, parent, deeper := strings.Cut(name, "."); deeper {
		if pairs := s.byName["*."+parent]; pairs != nil {
			return fitting(pairs, hello), nil
		}
	}
	if s.fallback != nil {
		return s.fallback, nil
	}
	return s.issuing.get(s.issuing.Domains[0])
}

// fitting chooses by what the client can check: RSA beside ECDSA under one name is how
// old phones are served.
func fitting(pairs []*tls.Certificate, hello *tls.ClientHelloInfo) *tls.Certificate {
	for _, pair := range pairs {
		if len(pairs) > 1 && hello.SupportsCertificate(pair) == nil {
			return pair
		}
	}
	return pairs[0]
}

// tlsConfig is crypto/tls's configuration and what it was made of. One is made when
// that changes and not for each connection, which keeps it for as long as it lives.
type tlsConfig struct {
	*tls.Config
	trust *trust
	keys  *[][32]byte // of tickets; nil: crypto/tls makes its own
}

// config gives the one that was made before, if it still holds.
func (c *Certificates) config(alpn []string, former *tlsConfig) *tlsConfig {
	now := &tlsConfig{trust: c.shown.Load().trust}
	if c.tickets != nil {
		now.keys = c.tickets.set.Load()
	}
	if former != nil && former.trust == now.trust && former.keys == now.keys {
		return former
	}
	now.Config = &tls.Config{
		GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) { return c.shown.Load().get(hello) },
		NextProtos:     alpn,
		// The cipher suites are Go's: forward secrecy only. With CBC among them,
		// which Outlook on Windows 8.1 needs for RSA certificates.
		MinVersion: tls.VersionTLS12,
		// An authority that looks for its answer shows no certificate, also where all
		// others must.
		GetConfigForClient: func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
			if s := c.shown.Load(); s.issuing != nil && s.issuing.asks(hello) {
				return s.issuing.answer(), nil
			}
			return nil, nil
		},
	}
	if now.trust != nil {
		now.ClientCAs, now.ClientAuth = now.trust.pool, now.trust.auth
	}
	if now.keys != nil {
		now.SetSessionTicketKeys(*now.keys)
	}
	return now
}
