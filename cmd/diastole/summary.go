package main

import (
	"fmt"
	"io"
	"strings"
)

// summary tells the person who started us at a terminal what runs where.
func (d *daemon) summary(w io.Writer) {
	fmt.Fprintf(w, `diastole %s
  phones       https://%s/
  certificate  %s
  upstream     %s
  waits        %s
  admin        %s
  to stop      Ctrl-C: held waits are answered within %s; a second one stops at once

`, thisBuild().version, d.phones.Addr(), d.certs.Describe(), d.config.Upstream.URL, d.waits(), d.adminURL(), d.config.Drain)
}

// waits says where phones' waits are held.
func (d *daemon) waits() string {
	sources := d.config.Wake.Sources()
	switch hold := d.config.Upstream.Hold; {
	case hold != "edge":
		return "at the server (hold: " + hold + ")"
	case len(sources) == 0:
		return "here, and the server is asked every " + d.config.Wake.Poll.String()
	default:
		return "here; told of changes by " + strings.Join(sources, ", ")
	}
}

func (d *daemon) adminURL() string {
	if d.admin == nil {
		return "none"
	}
	if d.config.Admin.TLS.Cert != "" {
		return "https://" + d.admin.Addr().String() + "/"
	}
	return "http://" + d.admin.Addr().String() + "/"
}
