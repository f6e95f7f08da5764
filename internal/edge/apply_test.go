package edge

import (
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestAnotherConfigurationIsInForceAsAWholeOrNotAtAll(t *testing.T) {
	dir, a := t.TempDir(), newAuthority(t)
	numbered := func(name string, serial int64, ends time.Time) KeyFiles {
		key := newKey(t)
		return a.pem(filepath.Join(dir, name), a.leaf(key, x509.Certificate{SerialNumber: big.NewInt(serial), NotAfter: ends}), key)
	}
	good, later := numbered("good.pem", 1, time.Time{}), numbered("later.pem", 2, time.Time{})
	ended := numbered("ended.pem", 3, time.Now().Add(-time.Hour))
	missing := KeyFiles{PFX: filepath.Join(dir, "missing.pfx")}
	l := showing(t, TLS{Files: []KeyFiles{good}})
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for want, next := range map[string]TLS{
		"has expired on ":                                            {Files: []KeyFiles{later, ended}},
		"missing.pfx: no such file or directory":                     {Files: []KeyFiles{later, missing}},
		"client certificates: read the certificate: open " + dir:     {Files: []KeyFiles{later}, Clients: Clients{CA: dir + "/none.pem"}},
		"ACME needs a place for certificates: set tls.acme.path":     {Files: []KeyFiles{later}, ACME: ACME{Domains: []string{"mail.example.com"}}},
		"client certificates: " + dir + "/empty.pem: no certificate": {Files: []KeyFiles{later}, Clients: Clients{CA: dir + "/empty.pem"}},
	} {
		write(t, dir+"/empty.pem", nil)
		if err := l.certs.Apply(next); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
		l.expectSerial(1)
	}
	if err := l.certs.Apply(TLS{Files: []KeyFiles{later}}); err != nil {
		t.Fatal(err)
	}
	l.expectSerial(2)
	// The same again, with a file that was refused a moment ago: it is said again.
	if err := os.Rename(ended.Cert, later.Cert); err != nil {
		t.Fatal(err)
	}
	l.expectSerial(2)
	for range 2 {
		if err := l.certs.Apply(TLS{Files: []KeyFiles{later}}); err == nil || !strings.Contains(err.Error(), "has expired on ") {
			t.Errorf("got %v", err)
		}
	}
	l.expectSerial(2)
	if err := l.certs.Apply(TLS{}); err != nil {
		t.Fatal(err)
	}
	if subject := l.connect().ConnectionState().PeerCertificates[0].Subject.CommonName; subject != "diastole self-signed" {
		t.Errorf("without files %s is shown", subject)
	}
}

// A configuration that cannot be used must not swallow a renewal that came with it: the
// files in use are read on the way, and would not be found to have changed again.
func TestARenewedFileIsShownAlsoWhereTheRestIsRefused(t *testing.T) {
	dir, a := t.TempDir(), newAuthority(t)
	numbered := func(name string, serial int64, ends time.Time) KeyFiles {
		key := newKey(t)
		return a.pem(filepath.Join(dir, name), a.leaf(key, x509.Certificate{SerialNumber: big.NewInt(serial), NotAfter: ends}), key)
	}
	good, renewed := numbered("good.pem", 1, time.Time{}), numbered("renewed.pem", 2, time.Time{})
	ended := numbered("ended.pem", 3, time.Now().Add(-time.Hour))
	l := showing(t, TLS{Files: []KeyFiles{good}})
	l.expectSerial(1)
	if err := os.Rename(renewed.Cert, good.Cert); err != nil {
		t.Fatal(err)
	}
	if err := l.certs.Apply(TLS{Files: []KeyFiles{good, ended}}); err == nil {
		t.Error("an expired file is taken")
	}
	l.expectSerial(2)
}

func TestThePortForChallengesIsOpenedAndClosedAgain(t *testing.T) {
	disk, err := OpenDisk(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer disk.Close()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := taken.Addr().String()
	// An authority that nobody can reach: all that is needed here is that it was asked for.
	acme := TLS{ACME: ACME{Domains: []string{"mail.example.com"}, CA: "https://127.0.0.1:1/dir", HTTP: address}}
	_, err = OpenCertificates(t.Context(), CertificatesConfig{TLS: acme, Shelf: disk})
	if err == nil || !strings.Contains(err.Error(), "tls.acme.http: ") || !strings.Contains(err.Error(), "ss -ltnp") {
		t.Errorf("a port that is taken: %v", err)
	}
	taken.Close()
	certs, err := OpenCertificates(t.Context(), CertificatesConfig{TLS: acme, Shelf: disk})
	if err != nil {
		t.Fatal(err)
	}
	defer certs.Close()
	reachable := func() bool {
		c, err := net.Dial("tcp", address)
		if err == nil {
			c.Close()
		}
		return err == nil
	}
	if !reachable() {
		t.Error("nobody answers for the authority")
	}
	if got := certs.Describe(); got != "mail.example.com is being issued" {
		t.Errorf("described as %q", got)
	}
	before := certs.shown.Load().issuing
	if err := certs.Apply(acme); err != nil || certs.shown.Load().issuing != before {
		t.Errorf("the same again began anew (%v)", err)
	}
	acme.ACME.CARoot = filepath.Join(t.TempDir(), "root.pem")
	for _, a := range []*authority{newAuthority(t), newAuthority(t)} {
		write(t, acme.ACME.CARoot, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.root.Raw}))
		if err := certs.Apply(acme); err != nil || certs.shown.Load().issuing == before {
			t.Errorf("another root was not taken (%v)", err)
		}
		before = certs.shown.Load().issuing
	}
	if err := certs.Apply(TLS{}); err != nil || reachable() {
		t.Errorf("ACME is off (%v), and its port is still open", err)
	}
	if got := certs.Describe(); !strings.HasPrefix(got, "self-signed") {
		t.Errorf("described as %q", got)
	}
	if err := certs.Apply(acme); err != nil || !reachable() {
		t.Errorf("ACME is on again (%v), and nobody answers", err)
	}
}

// enters asks as a phone that shows a certificate, or none.
func (l *lab) enters(version uint16, shown *tls.Certificate) (string, error) {
	config := &tls.Config{InsecureSkipVerify: true, MaxVersion: version}
	if shown != nil {
		config.Certificates = []tls.Certificate{*shown}
	}
	conn := tls.Client(l.dial(), config)
	if _, err := conn.Write([]byte("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")); err != nil {
		return "", err
	}
	answer := make([]byte, 12)
	_, err := conn.Read(answer) // TLS 1.3 tells of a refusal here
	return string(answer), err
}

func TestClientsShowCertificatesAsTheyAreAsked(t *testing.T) {
	dir, a, stranger := t.TempDir(), newAuthority(t), newAuthority(t)
	ca := filepath.Join(dir, "clients.pem")
	for path, from := range map[string]*authority{ca: a, dir + "/stranger.pem": stranger} {
		write(t, path, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: from.root.Raw}))
	}
	phone := func(by *authority, ends time.Time) *tls.Certificate {
		key := newKey(t)
		leaf := by.leaf(key, x509.Certificate{Subject: pkix.Name{CommonName: "jo"}, NotAfter: ends})
		return &tls.Certificate{Certificate: [][]byte{leaf.Raw, by.intermediate.Raw}, PrivateKey: key}
	}
	good, expired, foreign := phone(a, time.Time{}), phone(a, time.Now().Add(-time.Hour)), phone(stranger, time.Time{})
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		for _, require := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, required %v", tls.VersionName(version), require), func(t *testing.T) {
				l := showing(t, TLS{Clients: Clients{CA: ca, Require: require}})
				for what, c := range map[string]struct {
					shown *tls.Certificate
					in    bool
				}{"good": {good, true}, "none": {nil, !require}, "expired": {expired, false}, "foreign": {foreign, false}} {
					if answer, err := l.enters(version, c.shown); (err == nil && answer == "HTTP/1.1 200") != c.in {
						t.Errorf("%s: %q, %v, want in: %v", what, answer, err, c.in)
					}
				}
				refused := 2.0
				if require {
					refused = 3
				}
				l.expectCount("handshake_failures_total", reasonClientCertificate, refused)
			})
		}
	}
	t.Run("a session does not outlive its authority", func(t *testing.T) {
		for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
			own := filepath.Join(t.TempDir(), "clients.pem")
			write(t, own, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.root.Raw}))
			l := start(t, func(cfg *Config) {
				var err error
				cfg.Certificates, err = OpenCertificates(t.Context(), CertificatesConfig{TLS: TLS{Clients: Clients{CA: own, Require: true}}, Shelf: newMemory(), every: 1})
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(cfg.Certificates.Close)
			})
			config := &tls.Config{InsecureSkipVerify: true, MaxVersion: version, Certificates: []tls.Certificate{*good},
				ServerName: "mail.example.com", ClientSessionCache: tls.NewLRUClientSessionCache(1)}
			for round, in := range []bool{true, true, false} {
				if round == 2 {
					write(t, own, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: stranger.root.Raw}))
				}
				conn := tls.Client(l.dial(), config)
				_, err := conn.Write([]byte(get))
				if err == nil {
					_, err = conn.Read(make([]byte, 12))
				}
				if (err == nil) != in || conn.ConnectionState().DidResume != (round == 1) {
					t.Errorf("%s, round %d: %v, resumed %v", tls.VersionName(version), round, err, conn.ConnectionState().DidResume)
				}
			}
		}
	})
	t.Run("the authorities are followed", func(t *testing.T) {
		l := showing(t, TLS{Clients: Clients{CA: ca, Require: true}})
		if err := os.Rename(dir+"/stranger.pem", ca); err != nil {
			t.Fatal(err)
		}
		if answer, err := l.enters(tls.VersionTLS13, foreign); err != nil {
			t.Errorf("a new authority's: %q, %v", answer, err)
		}
		if answer, err := l.enters(tls.VersionTLS13, good); err == nil {
			t.Errorf("a former authority's: %q", answer)
		}
	})
}
