package imap

import "strings"

// capabilities are what a server says that it can (RFC 3501 7.2.1), as far as we ask.
type capabilities struct {
	known                        bool
	startTLS, noLogin            bool
	plain, initial               bool // AUTH=PLAIN, and its answer in the command's own line (RFC 4959)
	idle, notify, modseq, enable bool // RFC 2177, 5465, 7162, 5161
}

func readCapabilities(list string) capabilities {
	c := capabilities{known: true}
	for word := range strings.FieldsSeq(list) {
		switch strings.ToUpper(word) {
		case "STARTTLS":
			c.startTLS = true
		case "LOGINDISABLED":
			c.noLogin = true
		case "AUTH=PLAIN":
			c.plain = true
		case "SASL-IR":
			c.initial = true
		case "IDLE":
			c.idle = true
		case "NOTIFY":
			c.notify = true
		case "CONDSTORE", "QRESYNC":
			c.modseq = true
		case "ENABLE":
			c.enable = true
		}
	}
	return c
}

// capabilities are those within the code of a status response, which saves asking.
func (r response) capabilities() (list string, ok bool) {
	return strings.CutPrefix(r.code, "CAPABILITY ")
}

// capable asks what the server can, where it has not said so by itself.
func (c *client) capable() error {
	if c.can.known {
		return nil
	}
	r, err := c.command(c.patience, "CAPABILITY")
	if err == nil && r.kind != "OK" {
		err = &fault{trouble: unsuitable, what: "the server does not say what it can"}
	}
	return err
}
