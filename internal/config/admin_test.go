package config

import "testing"

func TestClientCertificatesLetTheAdminListenerBeReached(t *testing.T) {
	text := "upstream: {url: https://exchange.internal}\nadmin:\n  listen: 192.0.2.1:9180\n  tls: {cert: testdata/files/cert.pem, key: testdata/files/key.pem"
	if _, err := Parse("a.yaml", []byte(text+"}\n")); err == nil {
		t.Error("a certificate of its own keeps nobody out")
	}
	if _, err := Parse("a.yaml", []byte(text+", client_ca: testdata/files/cert.pem}\n")); err != nil {
		t.Error(err)
	}
}
