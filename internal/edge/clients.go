package edge

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
)

// Clients says which certificates phones may or must show.
type Clients struct {
	CA      string // PEM file with the authorities that sign them; "": none are asked for
	Require bool   // who shows none is not let in; otherwise only a bad one is refused
}

// trust is what a listener asks of its clients. A nil one asks for nothing.
type trust struct {
	pool *x509.CertPool
	auth tls.ClientAuthType
}

// parse makes it of what the file holds.
func (c Clients) parse(contents [][]byte) (*trust, error) {
	pool, found := x509.NewCertPool(), false
	for block, rest := pem.Decode(contents[0]); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			continue
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("%s: a certificate in it cannot be read: %w", c.CA, err)
		}
		pool.AddCert(cert)
		found = true
	}
	if !found { // an empty pool would refuse everybody
		return nil, fmt.Errorf("%s: %w", c.CA, errors.New("no certificate in PEM form in it"))
	}
	auth := tls.VerifyClientCertIfGiven
	if c.Require {
		auth = tls.RequireAndVerifyClientCert
	}
	return &trust{pool, auth}, nil
}
