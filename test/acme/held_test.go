package acme

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
	"software.sslmate.com/src/go-pkcs12"

	"github.com/diastole/diastole/internal/edge"
	"github.com/diastole/diastole/proxy"
)

const (
	crowdSize = 1000
	filed     = "files.example.com" // the name whose certificate comes from a file

	pingBody = "\x03\x01\x6a\x00\x00\x0d\x45\x48\x03480\x00\x01\x01"                        // a Ping of 480 s without folders
	changed  = "\x03\x01\x6a\x00\x00\x0d\x45\x47\x032\x00\x01\x49\x4a\x035\x00\x01\x01\x01" // Status 2, folder 5
)

// store is a PFX file and its password, as an administrator swaps them.
type store struct {
	t             *testing.T
	pfx, password string
}

func (s store) files() edge.KeyFiles { return edge.KeyFiles{PFX: s.pfx, PasswordFile: s.password} }

// put writes a certificate that ends then, under a password.
func (s store) put(ends time.Time, password string) {
	s.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		s.t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(ends.UnixNano()), DNSNames: []string{filed}, NotBefore: time.Unix(1e9, 0), NotAfter: ends}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		s.t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		s.t.Fatal(err)
	}
	content, err := pkcs12.Modern.Encode(key, leaf, nil, password)
	if err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(s.pfx+".new", content, 0o600); err != nil {
		s.t.Fatal(err)
	}
	if err := os.Rename(s.pfx+".new", s.pfx); err != nil {
		s.t.Fatal(err)
	}
}

// mailServer holds every Ping until mail comes.
type mailServer struct {
	*httptest.Server
	held atomic.Int64
	mail chan struct{}
}

func newMailServer(t *testing.T) *mailServer {
	m := &mailServer{mail: make(chan struct{})}
	m.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("Cmd") != "Ping" {
			return
		}
		m.held.Add(1)
		defer m.held.Add(-1)
		select {
		case <-m.mail:
			w.Header().Set("Content-Type", "application/vnd.ms-sync.wbxml")
			_, _ = io.WriteString(w, changed)
		case <-r.Context().Done():
		}
	}))
	t.Cleanup(m.Close)
	return m
}

// await waits until so many are held.
func (m *mailServer) await(t *testing.T, n int64) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); m.held.Load() != n; <-time.After(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d waits are held, want %d", m.held.Load(), n)
		}
	}
}

// crowd are phones that wait, over TLS 1.2: 1.3 sends its tickets after the handshake,
// and here nothing may come.
func newCrowd(t *testing.T, address string) []*tls.Conn {
	t.Helper()
	conns := make([]*tls.Conn, crowdSize)
	config := &tls.Config{ServerName: name, InsecureSkipVerify: true, MaxVersion: tls.VersionTLS12, ClientSessionCache: tls.NewLRUClientSessionCache(1)}
	for i := range conns {
		c, err := tls.Dial("tcp", address, config)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		conns[i] = c
		_, err = fmt.Fprintf(c, "POST /Microsoft-Server-ActiveSync?Cmd=Ping&User=u%d&DeviceId=dev%d&DeviceType=crowd HTTP/1.1\r\nHost: %s\r\n"+
			"Authorization: Basic dTpw\r\nMS-ASProtocolVersion: 14.1\r\nContent-Type: application/vnd.ms-sync.wbxml\r\nContent-Length: %d\r\n\r\n%s",
			i, i, name, len(pingBody), pingBody)
		if err != nil {
			t.Fatal(err)
		}
	}
	return conns
}

// undisturbed checks that to nobody anything was sent, not even a goodbye.
func undisturbed(t *testing.T, after string, conns []*tls.Conn) {
	t.Helper()
	for i, c := range conns {
		raw, err := c.NetConn().(*net.TCPConn).SyscallConn()
		if err != nil {
			t.Fatal(err)
		}
		var n int
		var got error
		if err := raw.Control(func(fd uintptr) {
			n, _, got = unix.Recvfrom(int(fd), make([]byte, 1), unix.MSG_PEEK|unix.MSG_DONTWAIT)
		}); err != nil {
			t.Fatal(err)
		}
		if got != syscall.EAGAIN {
			t.Fatalf("after %s, phone %d: %d bytes, %v", after, i, n, got)
		}
	}
}

// answered checks that everybody gets the server's own answer, and a next one on the
// same connection.
func answered(t *testing.T, conns []*tls.Conn) {
	t.Helper()
	for i, c := range conns {
		in := bufio.NewReader(c)
		if got, err := readBody(in); err != nil || got != changed {
			t.Fatalf("phone %d: %q, %v", i, got, err)
		}
		if i%100 != 0 {
			continue
		}
		if _, err := fmt.Fprintf(c, "OPTIONS /Microsoft-Server-ActiveSync HTTP/1.1\r\nHost: %s\r\n\r\n", name); err != nil {
			t.Fatal(err)
		}
		if _, err := readBody(in); err != nil {
			t.Fatalf("phone %d, its next request: %v", i, err)
		}
	}
}

func readBody(in *bufio.Reader) (string, error) {
	answer, err := http.ReadResponse(in, nil)
	if err != nil {
		return "", err
	}
	body, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s", answer.Status)
	}
	return string(body), err
}

func TestNoneOfAThousandHeldWaitsIsDisturbedByACertificateThatChanges(t *testing.T) {
	mail := newMailServer(t)
	upstream, err := url.Parse(mail.URL)
	if err != nil {
		t.Fatal(err)
	}
	p := proxy.New(proxy.Config{Upstream: upstream})
	t.Cleanup(p.Close)
	files := store{t, filepath.Join(t.TempDir(), "exchange.pfx"), secretFile(t, "first\n")}
	files.put(time.Now().Add(time.Hour), "first")
	n := newNode(t)
	n.entrance = p.Entrance()
	a := Start(t, Config{TLSPort: n.port})
	n.start(a, func(cfg *edge.CertificatesConfig) { cfg.Files = []edge.KeyFiles{files.files()} })
	issued := n.issued(name, nil)
	first := n.issued(filed, nil)
	conns := newCrowd(t, n.server.Addr().String())
	mail.await(t, crowdSize)
	undisturbed(t, "nothing", conns)

	a.Renew()
	n.issued(name, issued)
	undisturbed(t, "a renewal", conns)

	files.put(time.Now().Add(2*time.Hour), "first")
	second := n.issued(filed, first)
	undisturbed(t, "another PFX", conns)

	files.put(time.Now().Add(3*time.Hour), "second")
	n.refuses(second, "the password in "+files.password+" is wrong")
	files.put(time.Now().Add(-time.Hour), "first")
	n.refuses(second, "the certificate in "+files.pfx+" has expired on ")
	undisturbed(t, "two that cannot be used", conns)
	if bad := n.metric("certificate_reloads_total", "failure"); bad != 2 {
		t.Errorf("%v failures counted, want 2", bad)
	}

	mail.await(t, crowdSize)
	close(mail.mail)
	answered(t, conns)
}

// refuses waits until files were refused, and checks that the certificate before is
// still shown.
func (n *node) refuses(former *x509.Certificate, reason string) {
	n.t.Helper()
	const said = "changed certificate files are not usable, the certificate before stays in use"
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); <-time.After(20 * time.Millisecond) {
		if leaf, err := n.shake(filed); err != nil || !leaf.Equal(former) {
			n.t.Fatalf("another certificate is shown: %v", err)
		}
		for _, line := range n.logs.FilterMessage(said).All() {
			if text, _ := line.ContextMap()["error"].(string); strings.Contains(text, reason) {
				return
			}
		}
	}
	n.t.Fatalf("nobody said: %s", reason)
}
