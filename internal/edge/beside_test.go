package edge

import (
	"crypto/tls"
	"path/filepath"
	"testing"

	"go.uber.org/zap"
)

func TestAListenerOfItsOwnFollowsItsCertificateFiles(t *testing.T) {
	dir := t.TempDir()
	certFile, keyFile := filepath.Join(dir, "cert"), filepath.Join(dir, "key")
	put := func(serial int64) {
		cert, key := makePair(t, serial)
		write(t, certFile, cert)
		write(t, keyFile, key)
	}
	put(1)
	c, err := Follow(t.Context(), certFile, keyFile, zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	put(2)
	if other, err := c.GetConfigForClient(nil); other != nil || err != nil { // a handshake begins
		t.Fatalf("%v %v", other, err)
	}
	if pair, err := c.GetCertificate(&tls.ClientHelloInfo{}); err != nil || pair.Leaf.SerialNumber.Int64() != 2 {
		t.Errorf("%v, %v", pair.Leaf.SerialNumber, err)
	}
	if _, err := Follow(t.Context(), keyFile, certFile, zap.NewNop()); err == nil {
		t.Error("a key in the place of the certificate was taken")
	}
}
