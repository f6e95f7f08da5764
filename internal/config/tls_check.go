package config

import (
	"crypto/tls"
	"errors"
	"fmt"
	"os"
	"strings"

	"software.sslmate.com/src/go-pkcs12"
)

// checkCertificates wants each certificate with a key that fits.
func (r *reading) checkCertificates() error {
	at := func(name string) node { return r.where("tls." + name) }
	if err := r.config.TLS.KeyFiles.check(at); err != nil {
		return err
	}
	for i, one := range r.config.TLS.Certs {
		item := r.where("tls.certs").inside(fmt.Sprintf("[%d]", i))
		inItem := func(name string) node { return item.inside(name) }
		if one == (KeyFiles{}) {
			return item.faultUnseen("neither a certificate nor a PFX file", wantPair)
		}
		if one.Cert != "" && one.PFX != "" {
			return inItem("pfx").fault("a second certificate in the same item", "write it as an item of its own")
		}
		if err := one.check(inItem); err != nil {
			return err
		}
	}
	return nil
}

// check is what the files of one place need of each other; at is where each stands.
func (k KeyFiles) check(at func(name string) node) error {
	// Whole keys: there are certificates in tls, tls.certs and admin.tls, and "cert" alone
	// is looked for in the wrong one.
	switch {
	case k.Cert != "" && k.Key == "":
		cert := at("cert")
		return cert.fault("a certificate without its private key", "set "+beside(cert, "key")+" too, or remove "+cert.key)
	case k.Cert == "" && k.Key != "":
		key := at("key")
		return key.fault("a private key without its certificate", "set "+beside(key, "cert")+" too, or remove "+key.key)
	case k.PFX == "" && k.PFXPasswordFile != "":
		password := at("pfx_password_file")
		return password.fault("a password without a PFX file", "set "+beside(password, "pfx")+", or remove "+password.key)
	}
	if k.Cert != "" {
		if _, err := tls.LoadX509KeyPair(k.Cert, k.Key); err != nil {
			return at("key").fault("does not fit the certificate: "+err.Error(),
				"use the key that the certificate was made for, with the server's own certificate first in "+beside(at("key"), "cert"))
		}
	}
	if k.PFX == "" {
		return nil
	}
	return k.checkPFX(at)
}

// beside is the whole key of a neighbour.
func beside(n node, name string) string { return n.key[:strings.LastIndexByte(n.key, '.')+1] + name }

func (k KeyFiles) checkPFX(at func(name string) node) error {
	content, err := readFile(k.PFX)
	if err != nil {
		return at("pfx").fault(reason(err), wantPFX)
	}
	password, err := secret("pfx_password_file", k.PFXPasswordFile, checkPassword, withoutLineEnd)
	if err != nil {
		return at("pfx_password_file").fault(err.Error(), "write the password into the file, in one line")
	}
	_, _, _, err = pkcs12.DecodeChain(content, password)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, pkcs12.ErrIncorrectPassword) && k.PFXPasswordFile == "":
		pfx := at("pfx")
		return pfx.fault("it has a password", "write the password into a file and set "+beside(pfx, "pfx_password_file"))
	case errors.Is(err, pkcs12.ErrIncorrectPassword):
		return at("pfx_password_file").fault("the password in it does not open the PFX file", "write the one with which it was exported, in one line")
	case strings.Contains(err.Error(), "reading P12 data"): // what follows is about ASN.1
		return at("pfx").fault("not a PFX file, or a damaged one", "export it again, with its private key")
	default:
		return at("pfx").fault("not a usable PFX file: "+strings.TrimPrefix(err.Error(), "pkcs12: "), "export it again, with its private key")
	}
}

// challengePort is tls.acme.http where it is used.
func (c *Config) challengePort() string {
	if len(c.TLS.ACME.Domains) == 0 {
		return ""
	}
	return c.TLS.ACME.HTTP
}

func (r *reading) checkACME() error {
	const both = "set tls.acme.eab.key_id and tls.acme.eab.key_file, or neither"
	a := r.config.TLS.ACME
	switch {
	case len(a.Domains) == 0:
		return r.checkOn("tls.acme", "tls.acme.domains", "[mail.example.com]")
	case a.EAB.KeyID != "" && a.EAB.KeyFile == "":
		return r.where("tls.acme.eab.key_id").fault("an external account without its key", both)
	case a.EAB.KeyID == "" && a.EAB.KeyFile != "":
		return r.where("tls.acme.eab.key_file").fault("a key without its key identifier", both)
	case r.config.Shelf() == "" && r.config.State.Redis == nil:
		return r.where("tls.acme.domains").faultUnseen("there is no place to keep what is issued, and after some restarts the authority would refuse to issue it again",
			"set tls.acme.path, for example /var/lib/diastole/tls, or state.path or state.redis")
	}
	// What was in the way of making it is said by serve, which makes it.
	if info, err := os.Stat(r.config.Shelf()); err == nil && !info.IsDir() {
		return r.where("tls.acme.path").faultUnseen(r.config.Shelf()+" is not a directory", "set tls.acme.path to one")
	}
	return nil
}

func (r *reading) checkClients() error {
	if r.config.TLS.Clients.CA == "" {
		return r.checkOn("tls.clients", "tls.clients.ca", "clients-ca.pem")
	}
	return nil
}

// checkOn refuses keys of a section that is not switched on.
func (r *reading) checkOn(section, on, example string) error {
	if name, found := r.firstSet(section); found {
		return r.where(name).faultUnseen("it has no effect without "+on, "set "+on+", for example "+example+", or remove "+section)
	}
	return nil
}
