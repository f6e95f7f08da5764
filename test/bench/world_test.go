package bench

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// world is what the peers share: a certificate, a backend, a directory.
type world struct {
	dir     string
	pem     string // certificate and key in one file, as HAProxy wants it
	backend *backend
}

func newWorld(b *testing.B) *world {
	dir := b.TempDir()
	if err := os.Chmod(filepath.Dir(dir), 0o755); err != nil {
		b.Fatal(err)
	}
	w := &world{dir: dir, pem: filepath.Join(dir, "edge.pem"), backend: startBackend(b)}
	writeCertificate(b, w.pem)
	return w
}

// peer is a running proxy.
type peer struct {
	name string
	addr string
	cmd  *exec.Cmd
}

func (w *world) start(b *testing.B, recipes ...recipe) []*peer {
	var peers []*peer
	for _, r := range recipes {
		p := &peer{name: r.name}
		port := freePort(b)
		p.cmd = r.command(r.write(b, w, port))
		p.addr = net.JoinHostPort("127.0.0.1", itoa(port))
		p.cmd.Stderr = os.Stderr
		if err := p.cmd.Start(); err != nil {
			b.Fatalf("%s: %v (make bench installs it)", r.name, err)
		}
		b.Cleanup(func() { _ = p.cmd.Process.Signal(os.Interrupt); _ = p.cmd.Wait() })
		p.awaitListening(b)
		peers = append(peers, p)
	}
	return peers
}

func (p *peer) awaitListening(b *testing.B) {
	for deadline := time.Now().Add(15 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if c, err := tls.Dial("tcp", p.addr, insecure); err == nil {
			c.Close()
			return
		}
	}
	log, _ := os.ReadFile(filepath.Join(filepath.Dir(p.cmd.Args[len(p.cmd.Args)-1]), p.name+".log"))
	b.Fatalf("%s does not listen on %s\n%s", p.name, p.addr, log)
}

func freePort(b *testing.B) int {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

func writeCertificate(b *testing.B, file string) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	t := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "bench"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, t, t, &key.PublicKey, key)
	if err != nil {
		b.Fatal(err)
	}
	raw, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		b.Fatal(err)
	}
	text := append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw})...)
	if err := os.WriteFile(file, text, 0o600); err != nil {
		b.Fatal(err)
	}
}
