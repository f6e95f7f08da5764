package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
)

// roots are the authorities in the file that a key or a flag names, to be believed
// instead of the system's; nil without a file.
func roots(key, file string) (*x509.CertPool, error) {
	if file == "" {
		return nil, nil
	}
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", key, err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s: %s holds no certificate; write the path of a PEM file", key, file)
	}
	return pool, nil
}

// trusting is TLS towards a server with these authorities; nil leaves it to Go.
func trusting(key, file string) (*tls.Config, error) {
	pool, err := roots(key, file)
	if pool == nil {
		return nil, err
	}
	return &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}, nil
}
