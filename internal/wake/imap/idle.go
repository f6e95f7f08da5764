package imap

import (
	"github.com/diastole/diastole/internal/wake"
	"strings"
)

// idle listens to the inbox. The mailbox is opened with EXAMINE: with SELECT our
// reading it would take the \Recent flag away from the user's own program.
func (k *keeper) idle(c *client) error {
	inbox, err := c.examine()
	if err != nil {
		return err
	}
	c.untagged = func(r response) error {
		if class := k.inboxNews(r); class != 0 {
			k.heard(class)
		}
		return nil
	}
	for first := true; ; first = false {
		tag, err := c.beginIdle()
		if err != nil {
			return err
		}
		if first {
			if err := k.stand("idle", wake.Inbox, tokens{inbox: inbox, blind: true}); err != nil {
				return err
			}
		}
		err = k.await(c, idleRenewal, func(r response) (wake.Classes, error) { return k.idleNews(r, tag) })
		if err != nil {
			return err
		}
		if err := c.endIdle(tag); err != nil {
			return err
		}
	}
}

// examine opens the inbox for reading only and gives its token (RFC 7162 3.1.2.1).
// A server without CONDSTORE gives one that proves nothing.
func (c *client) examine() (t token, err error) {
	text := "EXAMINE INBOX"
	if c.can.modseq {
		text += " (CONDSTORE)"
	}
	c.untagged = func(r response) error {
		t.read(r.code) // "UIDNEXT 5"
		return nil
	}
	r, err := c.command(c.patience, text)
	if err == nil && r.kind != "OK" {
		err = &fault{trouble: unsuitable, what: "the server does not open the inbox"}
	}
	return t, err
}

func (c *client) beginIdle() (tag string, err error) {
	c.within(c.patience)
	tag, err = c.begin("IDLE")
	if err != nil {
		return tag, err
	}
	r, err := c.reply(tag)
	if err == nil && r.tag != "+" {
		err = &fault{trouble: unsuitable, what: "the server refuses IDLE"}
	}
	return tag, err
}

// endIdle says DONE: the server must answer, which proves that it lives.
func (c *client) endIdle(tag string) error {
	c.within(c.patience)
	if err := c.send("DONE"); err != nil {
		return err
	}
	r, err := c.end(tag)
	if err == nil && r.kind != "OK" {
		err = &fault{trouble: closed, what: "the server ends IDLE with a refusal"}
	}
	return err
}

// idleNews reads a response within IDLE.
func (k *keeper) idleNews(r response, tag string) (wake.Classes, error) {
	if r.tag == tag {
		return 0, &fault{trouble: closed, what: "the server has ended IDLE by itself"}
	}
	return k.inboxNews(r), nil
}

// inboxNews says whether a response tells of a change in the opened mailbox (RFC
// 3501 7.3, 7.4; VANISHED: RFC 7162 3.2.10). "* OK Still here" does not, nor does
// RECENT, which never comes alone. After a change the token is worth nothing, until the
// server tells the new one, as Dovecot does once CONDSTORE was said.
func (k *keeper) inboxNews(r response) wake.Classes {
	k.source.mu.Lock()
	defer k.source.mu.Unlock()
	inbox := &k.account.tokens.inbox
	switch {
	case r.kind == "EXISTS", r.kind == "EXPUNGE", r.kind == "FETCH", r.kind == "VANISHED":
		inbox.next, inbox.modseq = 0, 0
		return wake.Inbox
	case strings.HasPrefix(r.code, "HIGHESTMODSEQ"):
		inbox.read(r.code)
	}
	return 0
}
