package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"go.uber.org/zap"

	"github.com/diastole/diastole/internal/config"
	"github.com/diastole/diastole/internal/edge"
	"github.com/diastole/diastole/internal/store/redis"
)

// openCertificates reads what phones will be shown, and begins to have issued what is
// missing.
func (d *daemon) openCertificates(ctx context.Context) (err error) {
	cfg := d.config
	shelf, err := d.openShelf(ctx)
	if err != nil {
		return err
	}
	d.certs, err = edge.OpenCertificates(ctx, edge.CertificatesConfig{
		TLS: shownTLS(cfg.TLS), Shelf: shelf, Sockets: d.sockets, Log: d.log.Named("edge"), Metrics: d.edge,
	})
	return err
}

// openShelf opens the place for what is issued: Redis, where nodes share one, unless a
// directory is asked for. Where only ticket keys would go there, a directory that cannot
// be written is no reason not to start.
func (d *daemon) openShelf(ctx context.Context) (edge.Shelf, error) {
	dir := d.config.Shelf()
	if dir == "" && d.nodes != nil {
		return sharedShelf{d.nodes.store.Files()}, nil
	}
	if dir == "" {
		return nil, nil
	}
	disk, err := edge.OpenDisk(ctx, dir)
	if err == nil {
		d.shelf = disk
		return disk, nil
	}
	if len(d.config.TLS.ACME.Domains) > 0 {
		return nil, err
	}
	d.log.Warn("the keys of TLS session tickets cannot be kept: after a restart phones shake hands in full", zap.Error(err))
	return nil, nil
}

// sharedShelf is what nodes share, as the edge wants it.
type sharedShelf struct{ *redis.Files }

// List gives the names below prefix; Redis knows beginnings only.
func (s sharedShelf) List(ctx context.Context, prefix string) ([]string, error) {
	return s.Files.List(ctx, prefix+"/")
}

// Lock is edge.Shelf's.
func (s sharedShelf) Lock(ctx context.Context, name string) (func() error, error) {
	unlock, err := s.Files.Lock(ctx, name)
	if err != nil {
		return nil, err
	}
	return func() error { unlock(); return nil }, nil
}

// closeCertificates comes after all listeners.
func (d *daemon) closeCertificates() {
	if d.certs != nil {
		d.certs.Close()
	}
	if d.shelf != nil {
		if err := d.shelf.Close(); err != nil {
			d.log.Debug("closing the directory for certificates", zap.Error(err))
		}
	}
}

// shownTLS is the section tls as the edge takes it.
func shownTLS(t config.TLS) edge.TLS {
	shown := edge.TLS{Clients: edge.Clients{CA: t.Clients.CA, Require: t.Clients.Mode == "require"}}
	for _, f := range t.Files() {
		shown.Files = append(shown.Files, edge.KeyFiles{Cert: f.Cert, Key: f.Key, PFX: f.PFX, PasswordFile: f.PFXPasswordFile})
	}
	if a := t.ACME; len(a.Domains) > 0 {
		shown.ACME = edge.ACME{
			Domains: a.Domains, Email: a.Email, CA: a.CA.String(), CARoot: a.CARoot,
			EABKeyID: a.EAB.KeyID, EABKeyFile: a.EAB.KeyFile, HTTP: a.HTTP,
		}
	}
	return shown
}

// renewCertificates puts the section tls into force and looks at its files, also when
// it says what it said before: that is what SIGHUP is sent for after a renewal.
func (d *daemon) renewCertificates(cfg *config.Config) error {
	if err := d.certs.Apply(shownTLS(cfg.TLS)); err != nil {
		return fmt.Errorf("tls: %w", err)
	}
	return nil
}

// certificateKey says whether a key is one of tls that a reload applies: all but those
// that belong to ports and to where things are kept.
func certificateKey(key string) bool {
	return strings.HasPrefix(key, "tls.") && !slices.Contains([]string{"tls.alpn", "tls.acme.http", "tls.acme.path"}, key)
}
