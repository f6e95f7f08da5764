package wake

// Mailbox is whose changes somebody waits for. Password is never logged, nor kept
// for longer than somebody waits.
type Mailbox struct {
	User     string // as the phone's credentials name it: "DOMAIN\u", "u@d" or "u"
	Password string // of its Basic credentials; "" where there are none

	Inbox bool // it waits on the inbox,
	Mail  bool // on other folders with mail,
	Other bool // on folders with something else: calendars, contacts, tasks, notes
}

// Classes are kinds of folders, one bit each.
type Classes uint8

const (
	Inbox Classes = 1 << iota
	Mail          // all folders with mail but the inbox
	Other         // calendars, contacts, tasks, notes
)

// Waits are the classes that the mailbox waits on.
func (m Mailbox) Waits() (c Classes) {
	if m.Inbox {
		c |= Inbox
	}
	if m.Mail {
		c |= Mail
	}
	if m.Other {
		c |= Other
	}
	return c
}

// Source says that mailboxes have changed. It is best effort by contract: whoever
// waits looks for himself from time to time, more seldom where a source covers all
// that he waits for.
type Source interface {
	// Watch returns at once. heard is called, from any goroutine and perhaps a moment
	// beyond Leave, with true when something may have changed, also after an outage in
	// which a change may have been missed; and with false when Covers has changed. It
	// must not block.
	Watch(m Mailbox, heard func(changed bool)) Watching
	Name() string // "dovecot", "imap", "jmap", "dav": the label in metrics
	Close()
}

// Watching is one mailbox as one source watches it.
type Watching interface {
	// Covers are the classes in which a change is heard of without asking, as far as is
	// known now: within a second or so, or, from a source that looks, at its next look.
	Covers() Classes
	Leave() // afterwards nothing is kept for this watcher
}
