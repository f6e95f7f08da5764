package config

import "net"

// checkWhole holds what no single key can know.
func (r *reading) checkWhole() error {
	for _, check := range []func() error{r.checkUpstream, r.checkCertificates, r.checkACME, r.checkClients, r.checkAuthorities, r.checkListeners, r.checkAdmin, r.checkHold, r.checkWake, r.checkState, r.checkPolicy, r.checkLimits} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

// where is the place of a key that was set, or else of the section around it, or
// else of the file; always under the key's name.
func (r *reading) where(path string) node {
	n, ok := r.set[path]
	for at := path; !ok; n, ok = r.set[at] {
		at = sectionOf(at)
	}
	n.key = path
	return n
}

// lastSet is the place of the later of two keys that was set at all.
func (r *reading) lastSet(a, b string) node {
	if _, ok := r.set[b]; ok {
		return r.where(b)
	}
	return r.where(a)
}

func (r *reading) checkUpstream() error {
	if r.config.Upstream.URL == nil {
		return r.where("upstream.url").faultUnseen("missing", wantURL)
	}
	return nil
}

// checkAuthorities refuses a CA file that could never be asked: whoever wrote it
// believes that the way to the server is encrypted.
func (r *reading) checkAuthorities() error {
	if r.config.Upstream.CA != "" && r.config.Upstream.URL.Scheme != "https" {
		return r.where("upstream.ca").fault("no certificate is ever checked, because upstream.url begins with http://", "write https:// there, or remove upstream.ca")
	}
	return nil
}

// checkListeners wants every listener to have a port of its own: the second of two
// would not start, and what is meant for one must not be where the other is.
func (r *reading) checkListeners() error {
	w := r.config.Wake
	all := []struct{ key, address string }{
		{"listen", r.config.Listen}, {"admin.listen", r.config.Admin.Listen},
		{"tls.acme.http", r.config.challengePort()},
		{"wake.dovecot.listen", w.Dovecot.Listen}, {"wake.jmap.push.listen", w.JMAP.Push.Listen},
	}
	for i, b := range all {
		for _, a := range all[:i] {
			if a.address == "" || b.address == "" || !sameListener(a.address, b.address) {
				continue
			}
			remedy := "choose two"
			if a.key == "listen" && b.key == "admin.listen" {
				remedy = "choose two: metrics and profiles must not be where phones are"
			}
			return r.lastSet(a.key, b.key).fault(a.key+" and "+b.key+" are the same port", remedy)
		}
	}
	return nil
}

func (r *reading) checkAdmin() error {
	admin := r.config.Admin
	pair := KeyFiles{Cert: admin.TLS.Cert, Key: admin.TLS.Key}
	if err := pair.check(func(name string) node { return r.where("admin.tls." + name) }); err != nil {
		return err
	}
	if admin.TLS.ClientCA != "" && admin.TLS.Cert == "" {
		return r.where("admin.tls.client_ca").fault("nobody is asked for a certificate over plain HTTP", "set admin.tls.cert and admin.tls.key, or remove admin.tls.client_ca")
	}
	if admin.Listen != "" && admin.TokenFile == "" && admin.TLS.ClientCA == "" && !onlyHere(admin.Listen) {
		return r.where("admin.listen").fault("other machines can reach this address, and without a token everybody there could read metrics and profiles",
			"set admin.token_file or admin.tls.client_ca, or listen on 127.0.0.1:9180")
	}
	return nil
}

// sameListener says whether two listen addresses collide; port 0 never does.
func sameListener(a, b string) bool {
	hostA, portA, _ := net.SplitHostPort(a)
	hostB, portB, _ := net.SplitHostPort(b)
	return portA == portB && portA != "0" && (hostA == hostB || hostA == "" || hostB == "")
}
