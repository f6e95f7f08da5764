package doctor

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"log"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// issued is a certificate with its key.
type issued struct {
	*x509.Certificate
	key *ecdsa.PrivateKey
}

// issue makes a certificate that ends after so long, for names; an authority without any.
func issue(t *testing.T, by *issued, subject string, ends time.Duration, names ...string) *issued {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: subject}, DNSNames: names,
		NotBefore: time.Now().Add(-100 * 24 * time.Hour), NotAfter: time.Now().Add(ends),
		IsCA: len(names) == 0, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature}
	made := &issued{c, key}
	if by == nil {
		by = made
	}
	der, err := x509.CreateCertificate(rand.Reader, c, by.Certificate, &key.PublicKey, by.key)
	if err != nil {
		t.Fatal(err)
	}
	if made.Certificate, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	return made
}

const year = 365 * 24 * time.Hour

// shown is what a phone that trusts root says of a server that sends these certificates.
func shown(t *testing.T, root *issued, c *tls.Config, sent ...*issued) (*PathReport, error) {
	t.Helper()
	s := httptest.NewUnstartedServer(http.NotFoundHandler())
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	pair := tls.Certificate{PrivateKey: sent[0].key}
	for _, one := range sent {
		pair.Certificate = append(pair.Certificate, one.Raw)
	}
	c.Certificates = []tls.Certificate{pair}
	s.TLS = c
	s.StartTLS()
	t.Cleanup(s.Close)
	roots := x509.NewCertPool()
	roots.AddCert(root.Certificate)
	return RunPath(t.Context(), PathConfig{URL: s.URL, User: "anna", Password: "secret",
		TLS: &tls.Config{RootCAs: roots, ServerName: "mail.example.com"}})
}

func TestAGoodCertificateIsDescribed(t *testing.T) {
	root := issue(t, nil, "Root", 10*year)
	between := issue(t, root, "Between", 20*24*time.Hour)
	own := issue(t, between, "mail", year, "mail.example.com", "autodiscover.example.com")
	r, err := shown(t, root, &tls.Config{}, own, between)
	s := r.Security
	if s == nil || s.Issuer != "CN=Between" || strings.Join(s.Names, " ") != "mail.example.com autodiscover.example.com" || len(s.Chain) != 2 || s.Version != "TLS 1.3" {
		t.Fatalf("%+v, %v", s, err)
	}
	if strings.Join(s.Accepts, ",") != "TLS 1.2,TLS 1.3" {
		t.Errorf("accepts %v", s.Accepts)
	}
	// The chain ends with the first that ends: it is not the server's own.
	if s.Days != 19 || len(s.Notes) != 1 || !strings.HasPrefix(s.Notes[0], "the certificate ends in 19 days") {
		t.Errorf("%d days, notes %q", s.Days, s.Notes)
	}
	if err == nil || err.Error() != "OPTIONS was answered HTTP 404: there is no ActiveSync at this address" || r.Verdict.Side != SideUnknown {
		t.Errorf("error %v, verdict %+v", err, r.Verdict)
	}
}

func TestTLSVersionsThatPhonesMissOrShouldNotHaveAreNoted(t *testing.T) {
	root := issue(t, nil, "Root", 10*year)
	own := issue(t, root, "mail", year, "mail.example.com")
	r, _ := shown(t, root, &tls.Config{MinVersion: tls.VersionTLS13}, own)
	if n := r.Security.Notes; len(n) != 1 || !strings.HasPrefix(n[0], "TLS 1.2 is not accepted") {
		t.Errorf("1.3 alone: %q", n)
	}
	r, _ = shown(t, root, &tls.Config{MinVersion: tls.VersionTLS10}, own)
	if n := r.Security.Notes; len(n) != 1 || !strings.HasPrefix(n[0], "TLS 1.0 or 1.1 is accepted") {
		t.Errorf("from 1.0 on: %q", n)
	}
}

func TestACertificateThatPhonesRefuseIsTheEnd(t *testing.T) {
	root := issue(t, nil, "Root", 10*year)
	between := issue(t, root, "Between", year)
	for want, sent := range map[string][]*issued{
		"configure the full chain":                                            {issue(t, between, "mail", year, "mail.example.com")},
		"certificate has expired":                                             {issue(t, root, "mail", -time.Hour, "mail.example.com")},
		"it is for other.example.com, and not for mail.example.com":           {issue(t, root, "mail", year, "other.example.com")},
		"nobody knows its issuer CN=Stranger (if phones trust it: --ca FILE)": {issue(t, nil, "Stranger", year, "mail.example.com")},
		"phones refuse the certificate: x509: ":                               {issue(t, root, "mail", -time.Hour, "mail.example.com")},
	} {
		r, err := shown(t, root, &tls.Config{}, sent...)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
		if r.Security == nil || len(r.Steps) != 0 || !strings.HasPrefix(r.Verdict.Says, "It cannot be told, because no wait could be tried: phones refuse") {
			t.Errorf("report %+v: nothing may be sent there", r)
		}
	}
}
