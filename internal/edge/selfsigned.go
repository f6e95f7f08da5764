package edge

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"math/big"
	"net"
	"os"
	"slices"
	"time"

	"go.uber.org/zap"
)

// selfSigned makes the certificate of a first try: for localhost and the host's
// own name, new at each start. P-256, because phones before Android 7 and
// Windows Mobile's successors know no other curve for certificates.
func selfSigned(now time.Time, log *zap.Logger) (*tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template, err := selfSignedTemplate(now)
	if err != nil {
		return nil, err
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	fingerprint := sha256.Sum256(der)
	log.Warn("no certificate is configured: using a self-signed one that no phone trusts; set tls.cert and tls.key",
		zap.Strings("names", leaf.DNSNames), zap.String("sha256", hex.EncodeToString(fingerprint[:])))
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}, nil
}

func selfSignedTemplate(now time.Time) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, err
	}
	names := []string{"localhost"}
	if host, err := os.Hostname(); err == nil && host != "" && !slices.Contains(names, host) {
		names = append(names, host)
	}
	return &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: "diastole self-signed"},
		NotBefore:    now.Add(-time.Hour), // a phone's clock may be behind
		// iOS refuses server certificates that are valid for more than 825 days,
		// even where a user has trusted them.
		NotAfter:              now.AddDate(0, 0, 825).Add(-2 * time.Hour),
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
		DNSNames:              names,
		IPAddresses:           []net.IP{net.IPv4(127, 0, 0, 1)},
	}, nil
}
