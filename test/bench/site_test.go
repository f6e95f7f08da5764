package bench

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// site is where one proxy is set up: a directory of its own, addresses, a
// certificate.
type site struct {
	b                *testing.B
	dir              string
	address, control string // where phones come to, and publishers
	server           string
	certificate, key string // PEM
}

func newSite(b *testing.B) *site {
	s := &site{b: b, dir: b.TempDir(), address: freeAddress(b), control: freeAddress(b)}
	// nginx's workers run as somebody else and write here.
	for _, dir := range []string{s.dir, filepath.Dir(s.dir)} {
		if err := os.Chmod(dir, 0o755); err != nil {
			b.Fatal(err)
		}
	}
	s.certificate, s.key = certificate(b)
	s.write("edge.pem", s.certificate+s.key)
	return s
}

// write makes a file, with what stands in <> replaced in its name and text, and
// returns its path.
func (s *site) write(name, text string) string {
	port := func(address string) string { return address[strings.LastIndex(address, ":")+1:] }
	fill := strings.NewReplacer("<dir>", s.dir, "<pem>", filepath.Join(s.dir, "edge.pem"), "<server>", s.server,
		"<address>", s.address, "<port>", port(s.address), "<controlport>", port(s.control))
	path := filepath.Join(s.dir, fill.Replace(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		s.b.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(fill.Replace(text)), 0o600); err != nil {
		s.b.Fatal(err)
	}
	return path
}

func freeAddress(b *testing.B) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(l.Addr().(*net.TCPAddr).Port))
}

func certificate(b *testing.B) (cert, key string) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	t := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "bench"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, t, t, &private.PublicKey, private)
	if err != nil {
		b.Fatal(err)
	}
	raw, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		b.Fatal(err)
	}
	text := func(kind string, bytes []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: bytes}))
	}
	return text("CERTIFICATE", der), text("PRIVATE KEY", raw)
}
