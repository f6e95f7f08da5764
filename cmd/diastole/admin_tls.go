package main

import (
	"cmp"
	"context"
	"crypto/tls"
	"fmt"

	"github.com/diastole/diastole/internal/edge"
)

// adminTLS is what the admin listener speaks; nil is plain HTTP.
func (d *daemon) adminTLS(ctx context.Context) (*tls.Config, error) {
	of := d.config.Admin.TLS
	if of.Cert == "" {
		return nil, nil
	}
	secured, err := edge.Follow(ctx, of.Cert, of.Key, d.log.Named("admin"))
	if err != nil {
		return nil, err
	}
	secured.ClientCAs, err = roots("admin.tls.client_ca", of.ClientCA)
	return secured, err
}

// secured is TLS towards a listener: whom to believe there, and what to show.
func (f adminAt) secured() (*tls.Config, error) {
	pool, err := roots("--ca", f.CA)
	if err != nil {
		return nil, err
	}
	c := &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	switch {
	case f.Cert == "" && f.Key != "":
		return nil, fmt.Errorf("--key goes with --cert: give the certificate that it is of")
	case f.Cert == "":
		return c, nil
	}
	own, err := tls.LoadX509KeyPair(f.Cert, cmp.Or(f.Key, f.Cert))
	if err != nil {
		return nil, fmt.Errorf("--cert and --key: %w; give PEM files that fit", err)
	}
	c.Certificates = []tls.Certificate{own}
	return c, nil
}
