package imap

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"sync"
	"time"
)

// slow is a login that others no longer wait for. A server takes 2 to 17 s to refuse
// a wrong password, and a few old phones would keep everybody else from logging in; so
// against a server that hangs, so many begin in each second.
const slow = time.Second

// open makes a connection and logs in. The turn is given back as soon as it has, or
// has not: what follows costs the server little.
func (k *keeper) open() (*client, error) {
	select {
	case k.source.logins <- struct{}{}:
		release := sync.OnceFunc(func() { <-k.source.logins })
		defer release()
		defer time.AfterFunc(slow, release).Stop()
	case <-k.done:
		return nil, errStopped
	}
	l, err := k.credentials()
	if err != nil {
		return nil, err
	}
	c, err := k.connect()
	if err == nil {
		err = c.login(l)
	}
	return c, err
}

// connect dials, and encrypts as the configuration says. The connection is closed
// by ended, whatever comes.
func (k *keeper) connect() (*client, error) {
	cfg := &k.source.cfg
	conn, err := cfg.Dial(k.done, "tcp", cfg.Address)
	if err != nil {
		return nil, &fault{trouble: unreachable, what: "the IMAP server cannot be reached", cause: err}
	}
	if !k.hold(conn) {
		conn.Close()
		return nil, errStopped
	}
	c := newClient(conn, cfg.Patience)
	if cfg.TLS != "none" && cfg.TLS != "starttls" {
		if err := c.encrypt(k.source.tls); err != nil {
			return c, err
		}
	}
	if err := c.greeting(); err != nil {
		return c, err
	}
	if cfg.TLS == "starttls" {
		return c, c.startTLS(k.source.tls)
	}
	return c, nil
}

// greeting reads the server's first line. A server that has somebody logged in
// already (PREAUTH) would show us that one's mailbox, whoever it is.
func (c *client) greeting() error {
	c.within(c.patience)
	r, err := c.read()
	switch {
	case err != nil:
		return err
	case r.tag == "*" && r.kind == "OK":
		return nil
	case r.tag == "*" && r.kind == "BYE":
		return turnedDown(r)
	case r.tag == "*" && r.kind == "PREAUTH":
		return &fault{trouble: unsuitable, what: "the server has logged somebody in already"}
	}
	return &fault{trouble: unsuitable, what: "what answers there does not speak IMAP"}
}

// startTLS is STARTTLS (RFC 3501 6.2.1). Bytes behind the server's OK were put
// there by somebody on the way, to be taken for the server's once it is encrypted.
func (c *client) startTLS(config *tls.Config) error {
	if err := c.capable(); err != nil {
		return err
	}
	if !c.can.startTLS {
		return &fault{trouble: untrusted, what: "the server has no STARTTLS: is wake.imap.tls right for this port?"}
	}
	r, err := c.command(c.patience, "STARTTLS")
	switch {
	case err != nil:
		return err
	case r.kind != "OK":
		return &fault{trouble: untrusted, what: "the server refuses STARTTLS"}
	case c.in.Buffered() > 0:
		return &fault{trouble: untrusted, what: "something was put between STARTTLS and its handshake"}
	}
	return c.encrypt(config)
}

func (c *client) encrypt(config *tls.Config) error {
	secure := tls.Client(c.conn, config)
	secure.SetDeadline(time.Now().Add(shakeTimeout))
	if err := secure.Handshake(); err != nil {
		return &fault{trouble: shakeTrouble(err), what: "no TLS with the IMAP server", cause: err}
	}
	c.on(secure)
	return nil
}

// shakeTrouble tells a certificate that is not believed, or no TLS at all, which a
// person must cure, from a connection that broke in the middle.
func shakeTrouble(err error) trouble {
	var certificate *tls.CertificateVerificationError
	var unknown x509.UnknownAuthorityError
	var record tls.RecordHeaderError
	var alert tls.AlertError
	if errors.As(err, &certificate) || errors.As(err, &unknown) || errors.As(err, &record) || errors.As(err, &alert) {
		return untrusted
	}
	return unreachable
}
