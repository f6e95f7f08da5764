package imap

import (
	"encoding/base64"
	"fmt"
	"strings"
)

// credentials are what one login says.
type credentials struct{ user, password string }

// usable refuses what no server takes: a NUL ends a word of SASL PLAIN (RFC 4616 2)
// and must not stand in a literal (RFC 3501 9), and nobody's name has kilobytes.
func (l credentials) usable() bool {
	const most = 1024
	return l.user != "" && len(l.user) <= most && len(l.password) <= most && !strings.ContainsRune(l.user+l.password, 0)
}

// login logs in, with SASL PLAIN where the server has it, because base64 holds
// every byte, and with LOGIN otherwise. Afterwards it is known what the server can.
func (c *client) login(l credentials) error {
	if err := c.capable(); err != nil {
		return err
	}
	say := c.plain
	if !c.can.plain {
		if c.can.noLogin {
			return &fault{trouble: untrusted, what: "the server takes no password on this connection: set wake.imap.tls to starttls or tls"}
		}
		say = c.plainLogin
	}
	c.within(c.patience)
	r, err := say(l)
	if err != nil {
		return err
	}
	if r.kind != "OK" {
		return turnedDown(r)
	}
	// What the server can is often more for a user than for a stranger.
	if _, told := r.capabilities(); !told {
		c.can = capabilities{}
	}
	return c.capable()
}

// plain is AUTHENTICATE PLAIN (RFC 4616, RFC 3501 6.2.2).
func (c *client) plain(l credentials) (response, error) {
	secret := base64.StdEncoding.EncodeToString([]byte("\x00" + l.user + "\x00" + l.password))
	if c.can.initial {
		tag, err := c.begin("AUTHENTICATE PLAIN " + secret)
		if err != nil {
			return response{}, err
		}
		return c.end(tag)
	}
	tag, err := c.begin("AUTHENTICATE PLAIN")
	if err != nil {
		return response{}, err
	}
	return c.more(tag, secret)
}

// plainLogin is LOGIN (RFC 3501 6.2.3), of which each word may need a line of its own.
func (c *client) plainLogin(l credentials) (response, error) {
	text := "LOGIN"
	tag := ""
	for _, word := range []string{l.user, l.password} {
		if quotable(word) {
			text += " " + quoted(word)
			continue
		}
		text += fmt.Sprintf(" {%d}", len(word))
		r, err := c.part(&tag, text)
		if err != nil || r.tag != "+" {
			return r, err
		}
		text = word
	}
	if tag != "" {
		return c.finish(tag, text)
	}
	tag, err := c.begin(text)
	if err != nil {
		return response{}, err
	}
	return c.end(tag)
}

// part sends a piece of a command that ends in a literal's size, and reads the
// server's "+". The first piece gets the tag.
func (c *client) part(tag *string, text string) (r response, err error) {
	if *tag == "" {
		*tag, err = c.begin(text)
	} else {
		err = c.send(text)
	}
	if err != nil {
		return r, err
	}
	return c.reply(*tag)
}

// more waits for the server's "+" and then sends the last piece.
func (c *client) more(tag, last string) (response, error) {
	r, err := c.reply(tag)
	if err != nil || r.tag != "+" {
		return r, err
	}
	return c.finish(tag, last)
}

func (c *client) finish(tag, last string) (response, error) {
	if err := c.send(last); err != nil {
		return response{}, err
	}
	return c.end(tag)
}

// quotable says whether a word may stand in quotes: US-ASCII without control
// characters. A CR or LF in quotes would begin a command of the user's own; such a word
// goes as a literal, which the server counts and does not read.
func quotable(word string) bool {
	for i := range len(word) {
		if word[i] < 0x20 || word[i] > 0x7e {
			return false
		}
	}
	return true
}

func quoted(word string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(word) + `"`
}
