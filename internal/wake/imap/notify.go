package imap

import (
	"errors"
	"strings"
	"time"

	"github.com/diastole/diastole/internal/wake"
)

var errNoNotify = errors.New("imap: the server refuses NOTIFY")

// events are what we ask to be told of (RFC 5465 5), of all the user's own folders.
// Servers may refuse the last one, new and renamed folders (BADEVENT).
var events = []string{"MessageNew MessageExpunge FlagChange MailboxName", "MessageNew MessageExpunge FlagChange"}

// manyFolders is how long a server may take to read the state of all folders.
const manyFolders = 5 * time.Minute

// notify listens to all folders. Nothing is opened: the server then tells with a
// STATUS response for each folder, and with the inbox open it would do so for the others only.
func (k *keeper) notify(c *client) error {
	if c.can.modseq && c.can.enable {
		// Without it Dovecot does not tell of a flag that changes no number, and the
		// lines hold no token (RFC 5465 5.2, RFC 7162 3.1).
		if _, err := c.command(c.patience, "ENABLE CONDSTORE"); err != nil {
			return err
		}
	}
	now, err := c.subscribe()
	if err != nil {
		return err
	}
	c.untagged = func(r response) error {
		class, err := k.notifyNews(r)
		if class != 0 {
			k.heard(class)
		}
		return err
	}
	if err := k.stand("notify", wake.Inbox|wake.Mail, now); err != nil {
		return err
	}
	for {
		if err := k.await(c, notifyRenewal, k.notifyNews); err != nil {
			return err
		}
		if _, err := c.command(c.patience, "NOOP"); err != nil {
			return err
		}
	}
}

// subscribe asks to be told, and gives the tokens of all folders, which the server
// tells before it says OK (RFC 5465 4).
func (c *client) subscribe() (now tokens, err error) {
	for _, list := range events {
		now = tokens{}
		c.untagged = func(r response) error {
			if r.kind == "STATUS" {
				now.status(r.text)
			}
			return nil
		}
		r, err := c.command(manyFolders, "NOTIFY SET STATUS (personal ("+list+"))")
		if err != nil || r.kind == "OK" {
			return now, err
		}
		if !strings.HasPrefix(r.code, "BADEVENT") {
			break
		}
	}
	return now, errNoNotify
}

// notifyNews reads what NOTIFY tells.
func (k *keeper) notifyNews(r response) (wake.Classes, error) {
	switch {
	case r.kind == "STATUS":
		k.source.mu.Lock()
		defer k.source.mu.Unlock()
		if class, news := k.account.tokens.status(r.text); news {
			return class, nil
		}
	case r.kind == "LIST": // a folder was made, renamed or deleted
		return wake.Inbox | wake.Mail, nil
	case r.kind == "NO" && strings.Contains(strings.ToUpper(r.text), "NOTIFY"),
		strings.HasPrefix(r.code, "NOTIFICATIONOVERFLOW"): // RFC 5465 5.8
		return 0, &fault{trouble: missed, what: "the server has lost events"}
	}
	return 0, nil
}
