package main

import (
	"crypto/tls"
	"fmt"
	"io"
	"time"
)

// summary tells the person who started us at a terminal what runs where.
func (d *daemon) summary(w io.Writer) {
	fmt.Fprintf(w, `diastole %s
  phones       https://%s/
  certificate  %s
  upstream     %s
  admin        %s
  to stop      Ctrl-C: held waits are answered within %s; a second one stops at once

`, thisBuild().version, d.phones.Addr(), d.certificate(), d.config.Upstream.URL, d.adminURL(), d.config.Drain)
}

func (d *daemon) adminURL() string {
	if d.admin == nil {
		return "none"
	}
	return "http://" + d.admin.Addr().String() + "/"
}

// certificate says whom phones will see, and until when.
func (d *daemon) certificate() string {
	files := d.config.TLS
	if files.Cert == "" {
		return "self-signed, made at this start: phones refuse it until tls.cert and tls.key are set"
	}
	pair, err := tls.LoadX509KeyPair(files.Cert, files.Key)
	if err != nil { // it was fine a moment ago, and edge follows its changes
		return files.Cert
	}
	return fmt.Sprintf("%s: %v, until %s", files.Cert, pair.Leaf.DNSNames, pair.Leaf.NotAfter.Format(time.DateOnly))
}
