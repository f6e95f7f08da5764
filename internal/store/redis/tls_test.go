package redis

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/diastole/diastole/test/redis"
)

// certificate writes a self-signed one for 127.0.0.1 and gives who believes it.
func certificate(t *testing.T) (cert, key string, believing *tls.Config) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	of := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, of, of, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	for file, content := range map[string][]byte{cert: text, key: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})} {
		if err := os.WriteFile(file, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(text)
	return cert, key, &tls.Config{RootCAs: roots}
}

func TestOverTLSOnlyACertificateThatIsBelievedWillDo(t *testing.T) {
	cert, key, believing := certificate(t)
	port := redis.FreePort(t)
	redis.Start(t, "--tls-port", port, "--tls-cert-file", cert, "--tls-key-file", key, "--tls-auth-clients", "no")
	url := "rediss://127.0.0.1:" + port
	a := newNode(t, url, func(c *Config) { c.TLS = believing })
	a.isUp(true)
	a.has(phone("p1"), "key 1")
	a.written()
	stranger := newNode(t, url) // believes the system's authorities
	eventually(t, "it says that it does not get through", stranger.gone.Load)
	wants(t, "a device at the one that does not believe", stranger.comes(phone("p1"), true), "doubtful ")
	b := newNode(t, url, func(c *Config) { c.TLS = believing })
	b.isUp(true)
	wants(t, "at the other", b.comes(phone("p1"), true), "elsewhere key 1")
}
