//go:build linux

package firewall

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
	"strings"
	"testing"
	"time"

	"github.com/diastole/diastole/test/netns"
)

// mailHost is a mail server of the lab as phones see it: over TLS, on its own or behind
// a proxy. The certificate is good for whoever trusts it.
type mailHost struct {
	*testing.T
	world   *netns.World
	dir     string
	address string // where phones go
}

func newMailHost(t *testing.T, w *netns.World) *mailHost {
	t.Helper()
	h := &mailHost{T: t, world: w, dir: t.TempDir(), address: netns.ServerAddress + ":443"}
	h.write("password", "secret\n")
	h.certify()
	return h
}

func (h *mailHost) write(name, text string) (path string) {
	h.Helper()
	path = filepath.Join(h.dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		h.Fatal(err)
	}
	return path
}

// certify makes certificate and key for the address, in one file as HAProxy wants it.
func (h *mailHost) certify() {
	h.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		h.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "mail"}, IPAddresses: []net.IP{net.ParseIP(netns.ServerAddress)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(90 * 24 * time.Hour), IsCA: true, BasicConstraintsValid: true}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		h.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		h.Fatal(err)
	}
	public := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate})
	h.write("ca.pem", string(public))
	h.write("both.pem", string(public)+string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})))
}

// alone lets the server speak to phones itself.
func (h *mailHost) alone() {
	h.Helper()
	both := filepath.Join(h.dir, "both.pem")
	pair, err := tls.LoadX509KeyPair(both, both)
	if err != nil {
		h.Fatal(err)
	}
	h.serve(h.address, func(l net.Listener) net.Listener {
		return tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{pair}})
	})
}

func (h *mailHost) serve(address string, over func(net.Listener) net.Listener) {
	h.Helper()
	listener, err := h.world.Server.Listen(address)
	if err != nil {
		h.Fatal(err)
	}
	s := patient()
	h.Cleanup(s.Close)
	go s.Serve(over(listener))
}

// behind puts a proxy in front of the server. <dir>, <address> and <server> of its
// configuration are filled in; it runs until the test is over.
func (h *mailHost) behind(config string, program string, args ...string) {
	h.Helper()
	const inside = "127.0.0.1:8080"
	h.serve(inside, func(l net.Listener) net.Listener { return l })
	fill := strings.NewReplacer("<dir>", h.dir, "<address>", h.address, "<server>", inside)
	h.write("proxy.conf", fill.Replace(config))
	cmd := exec.Command(program, append(args, filepath.Join(h.dir, "proxy.conf"))...)
	cmd.Stderr = os.Stderr
	if err := h.world.Server.Start(cmd); err != nil {
		h.Fatal(err)
	}
	h.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	for began := time.Now(); time.Since(began) < 10*time.Second; time.Sleep(50 * time.Millisecond) {
		if conn, err := h.world.Phones.Dial(h.Context(), "tcp", h.address); err == nil {
			conn.Close()
			return
		}
	}
	h.Fatal(program + " does not listen")
}

// need leaves a test out where a proxy is not installed; on CI that is a failure.
func need(t *testing.T, program string) {
	t.Helper()
	if _, err := exec.LookPath(program); err == nil {
		return
	}
	if os.Getenv("CI") == "true" {
		t.Fatal(program + " is not installed: run `make deps`")
	}
	t.Skip(program + " is not installed: run `make deps`")
}
