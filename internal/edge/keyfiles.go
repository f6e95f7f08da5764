package edge

import (
	"bytes"
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"software.sslmate.com/src/go-pkcs12"
)

// KeyFiles name a certificate and its private key: two PEM files (or twice the same),
// or a PFX file (PKCS #12), which is what Exchange and Windows export.
type KeyFiles struct {
	Cert, Key         string
	PFX, PasswordFile string // without a file the password is empty
}

func (k KeyFiles) paths() []string {
	switch {
	case k.PFX == "":
		return []string{k.Cert, k.Key}
	case k.PasswordFile == "":
		return []string{k.PFX}
	default:
		return []string{k.PFX, k.PasswordFile}
	}
}

// title is how messages call it.
func (k KeyFiles) title() string {
	if k.PFX != "" {
		return k.PFX
	}
	return k.Cert
}

// parse makes a certificate of what the files hold, in the order of paths.
func (k KeyFiles) parse(contents [][]byte) (*tls.Certificate, error) {
	if k.PFX != "" {
		password := ""
		if len(contents) > 1 {
			password = string(bytes.TrimRight(contents[1], "\r\n"))
		}
		return k.parsePFX(contents[0], password)
	}
	pair, err := tls.X509KeyPair(contents[0], contents[1])
	if err != nil {
		return nil, fmt.Errorf("certificate %s with key %s: %s", k.Cert, k.Key, strings.TrimPrefix(err.Error(), "tls: "))
	}
	return &pair, nil
}

func (k KeyFiles) parsePFX(content []byte, password string) (*tls.Certificate, error) {
	key, first, others, err := pkcs12.DecodeChain(content, password)
	switch {
	case errors.Is(err, pkcs12.ErrIncorrectPassword) && k.PasswordFile == "":
		return nil, fmt.Errorf("%s has a password: write it into a file and set pfx_password_file", k.PFX)
	case errors.Is(err, pkcs12.ErrIncorrectPassword):
		return nil, fmt.Errorf("%s: the password in %s is wrong", k.PFX, k.PasswordFile)
	case err != nil:
		return nil, fmt.Errorf("%s: not a usable PFX file: %s", k.PFX, strings.TrimPrefix(err.Error(), "pkcs12: "))
	}
	chain, err := sortChain(key, append(others, first))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", k.PFX, err)
	}
	pair := &tls.Certificate{PrivateKey: key, Leaf: chain[0]}
	for _, c := range chain {
		pair.Certificate = append(pair.Certificate, c.Raw)
	}
	return pair, nil
}

// sortChain puts the key's own certificate first and its issuers behind it: a PFX has
// them in any order, and phones want them in this one (RFC 5246 7.4.2). What does not
// belong to the chain is left out, and so is its root: who trusts it has it.
func sortChain(key any, certs []*x509.Certificate) ([]*x509.Certificate, error) {
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("its private key is of a kind (%T) that cannot sign", key)
	}
	own := slices.IndexFunc(certs, func(c *x509.Certificate) bool {
		public, ok := c.PublicKey.(interface{ Equal(crypto.PublicKey) bool })
		return ok && public.Equal(signer.Public())
	})
	if own < 0 {
		return nil, errors.New("none of its certificates was made for its private key")
	}
	chain := []*x509.Certificate{certs[own]}
	for len(chain) <= len(certs) {
		last := chain[len(chain)-1]
		next := slices.IndexFunc(certs, func(c *x509.Certificate) bool {
			return bytes.Equal(c.RawSubject, last.RawIssuer) && last.CheckSignatureFrom(c) == nil
		})
		if next < 0 || bytes.Equal(certs[next].RawSubject, certs[next].RawIssuer) {
			break
		}
		chain = append(chain, certs[next])
	}
	return chain, nil
}

// errNotYet is for a certificate that will be good when its time has come.
var errNotYet = errors.New("is not valid yet")

// inTime refuses a certificate that phones would refuse at once.
func inTime(leaf *x509.Certificate, now time.Time) error {
	switch {
	case now.After(leaf.NotAfter):
		return fmt.Errorf("has expired on %s: renew it", leaf.NotAfter.UTC().Format(time.RFC3339))
	case now.Before(leaf.NotBefore):
		return fmt.Errorf("%w, but from %s on: look at this machine's clock", errNotYet, leaf.NotBefore.UTC().Format(time.RFC3339))
	}
	return nil
}

// mustStaple is the extension with which a certificate asks to be refused without an
// OCSP answer beside it (RFC 7633).
func mustStaple(leaf *x509.Certificate) bool {
	return slices.ContainsFunc(leaf.Extensions, func(e pkix.Extension) bool {
		return e.Id.Equal(asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 24})
	})
}
