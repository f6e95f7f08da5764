package edge

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
)

// makePair gives a certificate with that serial and its key, as PEM.
func makePair(t *testing.T, serial int64) (cert, key []byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(serial), DNSNames: []string{"mail.example.com"},
		NotBefore: time.Unix(9e8, 0), NotAfter: time.Unix(4e9+serial, 0)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})
}

func write(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

func link(t *testing.T, target, path string) {
	t.Helper()
	if err := os.Symlink(target, path+".new"); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}

// showing starts a server on certificates whose files are looked at before each
// handshake.
func showing(t *testing.T, shown TLS) *lab {
	t.Helper()
	return start(t, func(cfg *Config) {
		certs, err := OpenCertificates(t.Context(), CertificatesConfig{TLS: shown, Log: cfg.Log, Metrics: cfg.Metrics, every: 1})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(certs.Close)
		cfg.Certificates = certs
	})
}

// withFiles starts a server on a pair with serial 1 that looks at the files
// before each handshake.
func withFiles(t *testing.T, certFile, keyFile string) *lab {
	return showing(t, TLS{Files: []KeyFiles{{Cert: certFile, Key: keyFile}}})
}

func (l *lab) serial() int64 {
	l.t.Helper()
	return l.connect().ConnectionState().PeerCertificates[0].SerialNumber.Int64()
}

func (l *lab) expectSerial(want int64) {
	l.t.Helper()
	if got := l.serial(); got != want {
		l.t.Errorf("serial %d is served, want %d", got, want)
	}
}

func TestANewPairIsServedFromTheNextHandshakeOn(t *testing.T) {
	dir := t.TempDir()
	certFile, keyFile := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	cert, key := makePair(t, 1)
	write(t, certFile, cert)
	write(t, keyFile, key)
	l := withFiles(t, certFile, keyFile)
	l.expectSerial(1)

	// Half a renewal: the new certificate does not fit the old key.
	cert, key = makePair(t, 2)
	write(t, certFile, cert)
	l.expectSerial(1)
	l.expectSerial(1)
	if n := l.logs.FilterLevelExact(zapcore.WarnLevel).Len(); n != 1 {
		t.Errorf("%d warnings about a pair that does not match, want 1", n)
	}
	// The other half: only the key changes.
	write(t, keyFile, key)
	l.expectSerial(2)
	if got := l.count("certificate_not_after_timestamp_seconds", "mail.example.com"); got != 4e9+2 {
		t.Errorf("not_after is %.0f", got)
	}

	// Truncated, then gone, then back as it was.
	write(t, certFile, cert[:len(cert)/2])
	l.expectSerial(2)
	if err := os.Remove(keyFile); err != nil {
		t.Fatal(err)
	}
	l.expectSerial(2)
	write(t, certFile, cert)
	write(t, keyFile, key)
	l.expectSerial(2)
	l.end()
	if good, bad := l.count("certificate_reloads_total", reloadSuccess), l.count("certificate_reloads_total", reloadFailure); good != 2 || bad != 3 {
		t.Errorf("%v reloads taken and %v failed, want 2 and 3", good, bad)
	}
}

func TestSwappedLinksAreFollowed(t *testing.T) {
	t.Run("certbot", func(t *testing.T) { // live/x/fullchain.pem -> ../../archive/x/fullchain1.pem
		dir := t.TempDir()
		certFile, keyFile := filepath.Join(dir, "fullchain.pem"), filepath.Join(dir, "privkey.pem")
		for serial, n := range []string{"1", "2"} {
			cert, key := makePair(t, int64(serial+1))
			write(t, filepath.Join(dir, "fullchain"+n+".pem"), cert)
			write(t, filepath.Join(dir, "privkey"+n+".pem"), key)
		}
		link(t, "fullchain1.pem", certFile)
		link(t, "privkey1.pem", keyFile)
		l := withFiles(t, certFile, keyFile)
		l.expectSerial(1)
		link(t, "privkey2.pem", keyFile)
		link(t, "fullchain2.pem", certFile)
		l.expectSerial(2)
	})
	t.Run("kubernetes", func(t *testing.T) { // tls.crt -> ..data/tls.crt, ..data -> ..2026_1
		dir := t.TempDir()
		for serial, n := range []string{"..1", "..2"} {
			if err := os.Mkdir(filepath.Join(dir, n), 0o700); err != nil {
				t.Fatal(err)
			}
			cert, key := makePair(t, int64(serial+1))
			write(t, filepath.Join(dir, n, "tls.crt"), cert)
			write(t, filepath.Join(dir, n, "tls.key"), key)
		}
		link(t, "..1", filepath.Join(dir, "..data"))
		link(t, "..data/tls.crt", filepath.Join(dir, "tls.crt"))
		link(t, "..data/tls.key", filepath.Join(dir, "tls.key"))
		l := withFiles(t, filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key"))
		l.expectSerial(1)
		link(t, "..2", filepath.Join(dir, "..data"))
		l.expectSerial(2)
	})
}

func TestAPairInOneFileIsTaken(t *testing.T) {
	file := filepath.Join(t.TempDir(), "both.pem") // as HAProxy has it
	cert, key := makePair(t, 7)
	write(t, file, append(key, cert...))
	withFiles(t, file, file).expectSerial(7)
}

func TestFilesAreLookedAtOnceASecond(t *testing.T) {
	dir := t.TempDir()
	certFile, keyFile := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	cert, key := makePair(t, 1)
	write(t, certFile, cert)
	write(t, keyFile, key)
	synctest.Test(t, func(t *testing.T) {
		certs, err := OpenCertificates(t.Context(), CertificatesConfig{TLS: TLS{Files: []KeyFiles{{Cert: certFile, Key: keyFile}}}})
		if err != nil {
			t.Fatal(err)
		}
		certs.follow(time.Now())
		cert, key := makePair(t, 2)
		write(t, certFile, cert)
		write(t, keyFile, key)
		for at, want := range []int64{1, 2} { // just now, a second later
			certs.follow(time.Now())
			served, _ := certs.shown.Load().get(&tls.ClientHelloInfo{})
			if got := served.Leaf.SerialNumber.Int64(); got != want {
				t.Errorf("after %d s serial %d, want %d", at, got, want)
			}
			time.Sleep(time.Second)
		}
	})
}

func TestMistakesInTheFirstPairAreErrors(t *testing.T) {
	dir := t.TempDir()
	cert, _ := makePair(t, 1)
	_, key := makePair(t, 2)
	certFile, keyFile := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	write(t, certFile, cert)
	write(t, keyFile, key)
	_, err := OpenCertificates(t.Context(), CertificatesConfig{TLS: TLS{Files: []KeyFiles{{Cert: certFile, Key: keyFile}}}})
	want := "edge: certificate " + certFile + " with key " + keyFile + ": private key does not match public key"
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestWithoutFilesASelfSignedCertificateIsMadeAndWarnedAbout(t *testing.T) {
	core, logs := observer.New(zapcore.WarnLevel)
	l := start(t, func(cfg *Config) { cfg.Log = zap.New(core) })
	leaf := l.connect().ConnectionState().PeerCertificates[0]
	host, _ := os.Hostname()
	for _, name := range []string{"localhost", host, "127.0.0.1"} {
		if err := leaf.VerifyHostname(name); err != nil {
			t.Error(err)
		}
	}
	if key, ok := leaf.PublicKey.(*ecdsa.PublicKey); !ok || key.Curve != elliptic.P256() {
		t.Errorf("key %T, want ECDSA on P-256", leaf.PublicKey)
	}
	if days := leaf.NotAfter.Sub(leaf.NotBefore).Hours() / 24; days > 825 || days < 800 {
		t.Errorf("valid for %.0f days", days)
	}
	roots := x509.NewCertPool()
	roots.AddCert(leaf)
	if _, err := leaf.Verify(x509.VerifyOptions{Roots: roots, DNSName: "localhost"}); err != nil {
		t.Errorf("not usable by a client that trusts it: %v", err)
	}
	fingerprint := sha256.Sum256(leaf.Raw)
	if logs.Len() != 1 || logs.All()[0].ContextMap()["sha256"] != hex.EncodeToString(fingerprint[:]) {
		t.Errorf("warnings %v, want one with the fingerprint", logs.All())
	}
	if !slices.Contains(leaf.DNSNames, "localhost") || bytes.Equal(leaf.Raw, start(t, nil).connect().ConnectionState().PeerCertificates[0].Raw) {
		t.Error("two servers share a self-signed certificate")
	}
}
