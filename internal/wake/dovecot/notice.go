package dovecot

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/diastole/diastole/internal/wake"
)

// notice is what is taken from a notification: who, and in which folders.
type notice struct {
	user    string
	classes wake.Classes
}

const (
	// mostNotice bounds what is read of a notification. The script of deploy/dovecot
	// sends less; the OX driver sends the subject too, which anybody may have made
	// long, but user, event and folder before it.
	mostNotice = 16 << 10
	mostUser   = 320 // octets of a name; RFC 5321 4.5.3.1: 64, "@" and 255
)

var (
	errUser = errors.New(`no "user"`)
	errKind = errors.New(`neither "events" nor "event" and "folder"`)
)

// fields are the members that are looked at.
type fields struct {
	user, kind, folder *string
	events             []event
	listed             bool // there was a list of events
}

type event struct {
	Event  string `json:"event"`
	Folder string `json:"folder"`
}

// read reads a notification no further than it has to.
func read(body io.Reader) (notice, error) {
	limited := &io.LimitedReader{R: body, N: mostNotice}
	f, err := scan(json.NewDecoder(limited))
	switch {
	case err != nil && limited.N == 0:
		return notice{}, fmt.Errorf("nothing to go by in its first %d octets", mostNotice)
	case err != nil:
		return notice{}, fmt.Errorf("not the JSON that is expected: %w", err)
	case f.user == nil || *f.user == "" || len(*f.user) > mostUser:
		return notice{}, errUser
	case !f.listed && (f.kind == nil || f.folder == nil):
		return notice{}, errKind
	}
	n := notice{user: *f.user}
	if !f.listed {
		f.events = []event{{*f.kind, *f.folder}}
	}
	for _, e := range f.events {
		n.classes |= classes(e)
	}
	return n, nil
}

// scan reads members until all that is needed is there. What it does not know it
// reads over, as Dovecot may say more one day.
func scan(d *json.Decoder) (f fields, err error) {
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return f, errors.Join(err, errors.New("no object"))
	}
	for d.More() && !f.enough() {
		name, err := d.Token()
		if err != nil {
			return f, err
		}
		switch name {
		case "user":
			err = d.Decode(&f.user)
		case "event":
			err = d.Decode(&f.kind)
		case "folder":
			err = d.Decode(&f.folder)
		case "events":
			f.listed = true
			err = d.Decode(&f.events)
		default:
			var over json.RawMessage
			err = d.Decode(&over)
		}
		if err != nil {
			return f, err
		}
	}
	if f.enough() {
		return f, nil // the rest is subject, snippet and the like
	}
	_, err = d.Token()
	return f, err
}

func (f *fields) enough() bool {
	return f.user != nil && (f.listed || f.kind != nil && f.folder != nil)
}

// classes are the kinds of folders that an event is about. A mailbox that came, went
// or has another name concerns all, and so does an event that says of no folder.
func classes(e event) wake.Classes {
	switch {
	case e.Folder == "" || strings.HasPrefix(e.Event, "Mailbox"):
		return wake.Inbox | wake.Mail
	case strings.EqualFold(e.Folder, "INBOX"): // RFC 3501 5.1
		return wake.Inbox
	default:
		return wake.Mail
	}
}
