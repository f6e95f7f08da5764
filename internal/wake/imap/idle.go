package imap

import (
	"github.com/diastole/diastole/internal/wake"
)

// idle listens to the inbox. The mailbox is opened with EXAMINE: with SELECT our
// reading it would take the \Recent flag away from the user's own program.
func (k *keeper) idle(c *client) error {
	inbox, err := c.examine()
	if err != nil {
		return err
	}
	c.untagged = func(r response) error {
		if class := inboxNews(r); class != 0 {
			k.inboxHeard()
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
		if err := k.endIdle(c, tag); err != nil {
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
	r, err := c.command(patience, text)
	if err == nil && r.kind != "OK" {
		err = &fault{trouble: unsuitable, what: "the server does not open the inbox"}
	}
	return t, err
}

func (c *client) beginIdle() (tag string, err error) {
	c.within(patience)
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

// endIdle says DONE: the server must answer, which proves that it lives. A token that
// a change has made worthless is read anew, now that the server is awake anyway.
func (k *keeper) endIdle(c *client, tag string) error {
	c.within(patience)
	if err := c.send("DONE"); err != nil {
		return err
	}
	if r, err := c.end(tag); err != nil || r.kind != "OK" {
		return orElse(err, &fault{trouble: closed, what: "the server ends IDLE with a refusal"})
	}
	if !c.can.modseq || k.inboxKnown() {
		return nil
	}
	return k.relearn(c)
}

// relearn asks for the inbox's token. What happens between the server's answer and
// the next IDLE is told by the server with the next command's responses.
func (k *keeper) relearn(c *client) error {
	before := c.untagged
	defer func() { c.untagged = before }()
	var t tokens
	c.untagged = func(r response) error {
		if r.kind == "STATUS" {
			t.status(r.text)
		}
		return before(r)
	}
	if _, err := c.command(patience, "STATUS INBOX (UIDVALIDITY UIDNEXT HIGHESTMODSEQ)"); err != nil {
		return err
	}
	k.source.mu.Lock()
	defer k.source.mu.Unlock()
	k.account.tokens.inbox = t.inbox
	return nil
}

func (k *keeper) inboxKnown() bool {
	k.source.mu.Lock()
	defer k.source.mu.Unlock()
	return k.account.tokens.inbox.modseq > 0
}

// idleNews reads a response within IDLE.
func (k *keeper) idleNews(r response, tag string) (wake.Classes, error) {
	if r.tag == tag {
		return 0, &fault{trouble: closed, what: "the server has ended IDLE by itself"}
	}
	class := inboxNews(r)
	if class != 0 {
		k.staleInbox()
	}
	return class, nil
}

// inboxNews says whether a response tells of a change in the opened mailbox (RFC
// 3501 7.3, 7.4; VANISHED: RFC 7162 3.2.10). "* OK Still here" does not, nor does
// RECENT, which never comes alone.
func inboxNews(r response) wake.Classes {
	switch r.kind {
	case "EXISTS", "EXPUNGE", "FETCH", "VANISHED":
		return wake.Inbox
	}
	return 0
}

// inboxHeard tells of a change that came in the answer to a command.
func (k *keeper) inboxHeard() {
	k.staleInbox()
	k.heard(wake.Inbox)
}

// staleInbox forgets the token: IDLE tells of a change, not of the token after it.
func (k *keeper) staleInbox() {
	k.source.mu.Lock()
	defer k.source.mu.Unlock()
	k.account.tokens.inbox = token{}
}

func orElse(err, otherwise error) error {
	if err != nil {
		return err
	}
	return otherwise
}
