package edge

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"software.sslmate.com/src/go-pkcs12"
)

// authority signs certificates for a test, through an intermediate.
type authority struct {
	t                  *testing.T
	root, intermediate *x509.Certificate
	key                crypto.Signer // of the intermediate
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{t: t}
	rootKey := newKey(t)
	a.root = a.sign(&x509.Certificate{Subject: pkix.Name{CommonName: "root"}, IsCA: true, BasicConstraintsValid: true}, nil, rootKey.Public(), rootKey)
	a.key = newKey(t)
	a.intermediate = a.sign(&x509.Certificate{Subject: pkix.Name{CommonName: "intermediate"}, IsCA: true, BasicConstraintsValid: true}, a.root, a.key.Public(), rootKey)
	return a
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// sign fills in what is missing; by nil it is signed by itself.
func (a *authority) sign(template, by *x509.Certificate, public any, key crypto.Signer) *x509.Certificate {
	a.t.Helper()
	if template.SerialNumber == nil {
		template.SerialNumber = big.NewInt(1)
	}
	if template.NotAfter.IsZero() {
		template.NotAfter = time.Unix(4e9, 0)
	}
	if template.NotBefore.IsZero() {
		template.NotBefore = time.Unix(9e8, 0)
	}
	if by == nil {
		by = template
	}
	der, err := x509.CreateCertificate(rand.Reader, template, by, public, key)
	if err != nil {
		a.t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		a.t.Fatal(err)
	}
	return cert
}

// leaf is a certificate with these names, and its key.
func (a *authority) leaf(key crypto.Signer, template x509.Certificate) *x509.Certificate {
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	return a.sign(&template, a.intermediate, key.Public(), a.key)
}

// pem writes a certificate with its chain and its key into one file.
func (a *authority) pem(path string, leaf *x509.Certificate, key crypto.Signer) KeyFiles {
	a.t.Helper()
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		a.t.Fatal(err)
	}
	var text []byte
	for _, c := range []*x509.Certificate{leaf, a.intermediate} {
		text = append(text, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})...)
	}
	write(a.t, path, append(text, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})...))
	return KeyFiles{Cert: path, Key: path}
}

// named writes a certificate for these names that lasts.
func (a *authority) named(path string, key crypto.Signer, names ...string) KeyFiles {
	return a.pem(path, a.leaf(key, x509.Certificate{DNSNames: names}), key)
}

func TestTheNameThatIsAskedForChooses(t *testing.T) {
	dir, a := t.TempDir(), newAuthority(t)
	old, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	shown := TLS{Files: []KeyFiles{
		a.named(dir+"/first.pem", newKey(t), "mail.example.com", "first"),
		a.named(dir+"/wild.pem", newKey(t), "*.example.com", "wild"),
		a.named(dir+"/exact.pem", newKey(t), "Exact.example.com", "exact"),
		a.named(dir+"/ec.pem", newKey(t), "both.example.org", "ec"),
		a.named(dir+"/rsa.pem", old, "both.example.org", "rsa"),
	}}
	l := showing(t, shown)
	for _, c := range []struct {
		asked string
		suite uint16
		want  string
	}{
		{"mail.example.com", 0, "first"},
		{"MAIL.Example.com", 0, "first"},
		{"exact.example.com", 0, "exact"},
		{"other.example.com", 0, "wild"},
		{"deep.other.example.com", 0, "first"}, // a wildcard is for one label
		{"example.com", 0, "first"},
		{"", 0, "first"},
		{"elsewhere.test", 0, "first"},
		{"both.example.org", 0, "ec"},
		{"both.example.org", tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, "rsa"},
	} {
		config := &tls.Config{ServerName: c.asked, InsecureSkipVerify: true}
		if c.suite != 0 {
			config.CipherSuites, config.MaxVersion = []uint16{c.suite}, tls.VersionTLS12
		}
		conn := tls.Client(l.dial(), config)
		if err := conn.Handshake(); err != nil {
			t.Errorf("%q: %v", c.asked, err)
			continue
		}
		chain := conn.ConnectionState().PeerCertificates
		if got := chain[0].DNSNames[1]; got != c.want || len(chain) != 2 {
			t.Errorf("%q is shown %s (%d in the chain), want %s", c.asked, got, len(chain), c.want)
		}
	}
}

// Windows writes the certificates of a PFX in any order, and the root among them.
func TestAPFXGivesItsChainInOrder(t *testing.T) {
	a := newAuthority(t)
	key := newKey(t)
	leaf := a.leaf(key, x509.Certificate{DNSNames: []string{"mail.example.com"}})
	stranger := newAuthority(t)
	for what, order := range map[string][]*x509.Certificate{
		"as it should be": {leaf, a.intermediate, a.root},
		"turned around":   {a.root, a.intermediate, leaf},
		"with a stranger": {stranger.intermediate, a.intermediate, leaf},
	} {
		for kind, encoder := range map[string]*pkcs12.Encoder{"legacy": pkcs12.LegacyDES, "modern": pkcs12.Modern} {
			content, err := encoder.Encode(key, order[0], order[1:], "p äß")
			if err != nil {
				t.Fatal(err)
			}
			pair, err := KeyFiles{PFX: "x.pfx", PasswordFile: "p"}.parse([][]byte{content, []byte("p äß\r\n")})
			if err != nil {
				t.Errorf("%s, %s: %v", what, kind, err)
				continue
			}
			if len(pair.Certificate) != 2 || !pair.Leaf.Equal(leaf) || string(pair.Certificate[1]) != string(a.intermediate.Raw) {
				t.Errorf("%s, %s: %d certificates, %v first", what, kind, len(pair.Certificate), pair.Leaf.Subject)
			}
		}
	}
}

func TestAPFXThatCannotBeUsedIsSaidWithTheWayOut(t *testing.T) {
	a, key := newAuthority(t), newKey(t)
	leaf := a.leaf(key, x509.Certificate{DNSNames: []string{"mail.example.com"}})
	locked, err := pkcs12.Modern.Encode(key, leaf, nil, "right")
	if err != nil {
		t.Fatal(err)
	}
	other, err := pkcs12.Modern.Encode(newKey(t), leaf, nil, "right")
	if err != nil {
		t.Fatal(err)
	}
	trust, err := pkcs12.Modern.EncodeTrustStore([]*x509.Certificate{leaf}, "right")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		what              string
		content, password []byte
		want              string
	}{
		{"a wrong password", locked, []byte("wrong"), "x.pfx: the password in secret is wrong"},
		{"no password", locked, nil, "x.pfx has a password: write it into a file and set pfx_password_file"},
		{"cut", locked[:200], []byte("right"), "x.pfx: not a usable PFX file: "},
		{"another's key", other, []byte("right"), "x.pfx: none of its certificates was made for its private key"},
		{"no key", trust, []byte("right"), "x.pfx: not a usable PFX file: "},
		{"empty", nil, []byte("right"), "x.pfx: not a usable PFX file: "},
	} {
		files, contents := KeyFiles{PFX: "x.pfx"}, [][]byte{c.content}
		if c.password != nil {
			files.PasswordFile, contents = "secret", append(contents, c.password)
		}
		if _, err := files.parse(contents); err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", c.what, err, c.want)
		}
	}
}

func TestAnExpiredFileIsTakenAtStartAndNeverInExchange(t *testing.T) {
	dir, a, key := t.TempDir(), newAuthority(t), newKey(t)
	path := filepath.Join(dir, "mail.pem")
	ended := a.leaf(key, x509.Certificate{SerialNumber: big.NewInt(7), NotAfter: time.Now().Add(-time.Hour)})
	files := a.pem(path, ended, key)
	l := showing(t, TLS{Files: []KeyFiles{files}})
	l.expectSerial(7)
	if n := l.logs.FilterMessage("phones will refuse the certificate").Len(); n != 1 {
		t.Errorf("%d complaints at start, want 1", n)
	}
	a.pem(path, a.leaf(key, x509.Certificate{SerialNumber: big.NewInt(8)}), key)
	l.expectSerial(8)
	a.pem(path, ended, key)
	l.expectSerial(8)
	// It becomes valid in a moment: this machine's clock is behind.
	soon := time.Now().Add(2 * time.Second)
	a.pem(path, a.leaf(key, x509.Certificate{SerialNumber: big.NewInt(9), NotBefore: soon}), key)
	l.expectSerial(8)
	for l.serial() != 9 {
		if time.Since(soon) > time.Minute {
			t.Fatal("a certificate that was valid too early is never taken")
		}
		<-time.After(50 * time.Millisecond)
	}
	reasons := ""
	for _, line := range l.logs.FilterMessage("changed certificate files are not usable, the certificate before stays in use").All() {
		reasons += line.ContextMap()["error"].(string) + "\n"
	}
	for _, want := range []string{path + " has expired on ", path + " is not valid yet, but from "} {
		if strings.Count(reasons, want) != 1 {
			t.Errorf("%q is not said once: %s", want, reasons)
		}
	}
}
