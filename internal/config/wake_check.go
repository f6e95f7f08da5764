package config

import "slices"

// checkHold refuses a way of asking that is known to lie.
func (r *reading) checkHold() error {
	if up := r.config.Upstream; up.Profile == "sogo" && up.Check == "estimate" {
		return r.where("upstream.check").fault("SOGo's estimates are off by one and miss changes: phones would be woken for nothing, and not for mail",
			"write ping, or remove the key")
	}
	return nil
}

// checkWake holds what the keys of sources need of each other.
func (r *reading) checkWake() error {
	for _, check := range []func() error{r.checkTimes, r.checkUsers, r.checkSwitchedOn, r.checkDovecot, r.checkIMAP, r.checkJMAP, r.checkDAV} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

func (r *reading) checkTimes() error {
	if w := r.config.Wake; w.Safety < w.Poll {
		return r.lastSet("wake.poll", "wake.safety").fault("wake.safety ("+shortTime(w.Safety)+") is shorter than wake.poll ("+shortTime(w.Poll)+
			"): the server would be asked more often with a source than without one", "make wake.safety the longer one")
	}
	return nil
}

func (r *reading) checkUsers() error {
	switch w := r.config.Wake; {
	case w.Users == "full" && w.Domain == "":
		return r.where("wake.users").fault("nobody knows which domain to add", "set wake.domain, for example example.com")
	case w.Users != "full" && w.Domain != "":
		return r.where("wake.domain").fault("it has no effect: names are completed with it only where wake.users is full", "write wake.users: full, or remove wake.domain")
	}
	return nil
}

// checkSwitchedOn refuses keys of a source that is not on: whoever wrote them
// believes that it is. What says the default says nothing, so that what Write
// prints can be read.
func (r *reading) checkSwitchedOn() error {
	for _, source := range []struct{ section, on, example string }{
		{"wake.dovecot", "wake.dovecot.listen", "127.0.0.1:9181"},
		{"wake.imap", "wake.imap.address", "imap.internal:993"},
		{"wake.jmap", "wake.jmap.url", "https://mail.internal/.well-known/jmap"},
		{"wake.dav", "wake.dav.url", "https://sogo.internal/SOGo/dav"},
	} {
		on, _ := whole.find(source.on)
		if on.show(r.config) != quoted("") {
			continue
		}
		if err := r.checkOn(source.section, source.on, source.example); err != nil {
			return err
		}
	}
	return nil
}

// firstSet is the first key of a section whose value is not the default.
func (r *reading) firstSet(section string) (path string, found bool) {
	changed := Changed(r.config, Default())
	i := slices.IndexFunc(changed, func(path string) bool {
		for at := sectionOf(path); at != ""; at = sectionOf(at) {
			if at == section {
				return true
			}
		}
		return false
	})
	if i < 0 {
		return "", false
	}
	return changed[i], true
}

// checkDovecot wants the token on every address: on this machine too there are
// others, and whoever can ring makes the server work.
func (r *reading) checkDovecot() error {
	if d := r.config.Wake.Dovecot; d.Listen != "" && d.TokenFile == "" {
		return r.where("wake.dovecot.listen").fault("without a token everybody who reaches it could ring for every mailbox",
			"set wake.dovecot.token_file to a file with one: openssl rand -hex 32 > FILE")
	}
	return nil
}

func (r *reading) checkIMAP() error {
	const both = "set wake.imap.master.user and wake.imap.master.password_file, or neither to log in as each phone does"
	switch i := r.config.Wake.IMAP; {
	case i.TLS == "none" && i.CA != "":
		return r.where("wake.imap.ca").fault("no certificate is ever checked, because wake.imap.tls is none", "write tls or starttls there, or remove wake.imap.ca")
	case i.Master.User != "" && i.Master.PasswordFile == "":
		return r.where("wake.imap.master.user").fault("a master user without a password", both)
	case i.Master.User == "" && i.Master.PasswordFile != "":
		return r.where("wake.imap.master.password_file").fault("a password without a master user", both)
	}
	return nil
}

func (r *reading) checkJMAP() error {
	const both = "set wake.jmap.push.url and wake.jmap.push.listen, or neither to hold connections to the server instead"
	switch j := r.config.Wake.JMAP; {
	case j.CA != "" && j.URL.Scheme != "https":
		return r.where("wake.jmap.ca").fault("no certificate is ever checked, because wake.jmap.url begins with http://", "write https:// there, or remove wake.jmap.ca")
	case j.Push.URL != nil && j.Push.Listen == "":
		return r.where("wake.jmap.push.url").fault("nobody listens for what the server would send there", both)
	case j.Push.URL == nil && j.Push.Listen != "":
		return r.where("wake.jmap.push.listen").fault("the server is not told to send anything there", both)
	}
	return nil
}

func (r *reading) checkDAV() error {
	if d := r.config.Wake.DAV; d.CA != "" && d.URL.Scheme != "https" {
		return r.where("wake.dav.ca").fault("no certificate is ever checked, because wake.dav.url begins with http://", "write https:// there, or remove wake.dav.ca")
	}
	return nil
}
