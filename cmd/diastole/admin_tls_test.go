package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// ownCertificate is a file with a certificate of this machine that is good for a client
// too, its own authority, and its key.
func ownCertificate(t *testing.T) (file string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Minute), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	text := append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})...)
	file = filepath.Join(t.TempDir(), "both.pem")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestTheAdminListenerIsAskedByTLSWithACertificate(t *testing.T) {
	file := ownCertificate(t)
	p := start(t, "--config", configFile(t, "http://127.0.0.1:1",
		"admin:\n  listen: 127.0.0.1:0\n  tls: {cert: "+file+", key: "+file+", client_ca: "+file+"}\n"))
	address := p.address("admin")
	url := "https://" + address
	if o := runProgram(t, "", "devices", "--admin", url, "--ca", file, "--cert", file, "--key", file); o.code != exitOK {
		t.Errorf("with its certificate: %+v", o)
	}
	for args, want := range map[string]string{
		"--admin " + url:                      "; give its authority with --ca FILE",
		"--admin " + url + " --ca " + file:    url + " wants a client certificate: give --cert FILE and --key FILE, of its admin.tls.client_ca",
		"--admin " + address:                  "http://" + address + " speaks TLS; write https:// in --admin",
		"--admin " + url + " --key " + file:   "--key goes with --cert: give the certificate that it is of",
		"--admin " + url + " --cert /no/such": "--cert and --key: open /no/such: no such file or directory; give PEM files that fit",
		"--admin " + url + " --ca /no/such":   "--ca: open /no/such: no such file or directory",
	} {
		if o := runProgram(t, "", append([]string{"devices"}, strings.Fields(args)...)...); o.code != exitError || !strings.Contains(o.err, want) {
			t.Errorf("%s: %+v", args, o)
		}
	}
}
