package config

import (
	"net/url"
	"slices"
	"strings"
	"time"
)

// Wake says who tells of changes, for waits that are held at the edge. A source is
// on when its first key is set: dovecot.listen, imap.address, jmap.url, dav.url.
type Wake struct {
	Poll    time.Duration // between two questions to the server where nobody tells
	Safety  time.Duration // and where somebody does: a word may be lost
	Users   string        // how the mail store calls users: as-is, local (u of u@d), full (u@Domain)
	Domain  string        // with full
	Dovecot WakeDovecot
	IMAP    WakeIMAP
	JMAP    WakeJMAP
	DAV     WakeDAV
}

// WakeDovecot awaits Dovecot's push notifications.
type WakeDovecot struct {
	Listen    string // HOST:PORT
	TokenFile string // file with the token that Dovecot sends
}

// WakeIMAP listens to the mail store by IDLE or NOTIFY, a connection for each user.
type WakeIMAP struct {
	Address     string // HOST:PORT
	TLS         string // none, starttls, tls
	CA          string // PEM file with the authorities to believe instead of the system's
	Mode        string // auto, idle, notify
	Connections int    // at once
	Master      Master
}

// Master logs in for others, "USER*MASTER"; without one it is the phone's own
// password that is used, while it waits.
type Master struct{ User, PasswordFile, Separator string }

// WakeJMAP listens to a JMAP server.
type WakeJMAP struct {
	URL  *url.URL // the session resource (RFC 8620 section 2)
	CA   string   // PEM file, as IMAP's
	Push JMAPPush
}

// JMAPPush has the JMAP server call us (RFC 8620 section 7.2) instead of holding a
// connection to it.
type JMAPPush struct {
	URL    *url.URL // https, how the JMAP server reaches Listen
	Listen string   // HOST:PORT
}

// WakeDAV looks at users' calendars and address books over CalDAV and CardDAV.
type WakeDAV struct {
	URL   *url.URL // under which users have theirs: https://HOST/SOGo/dav
	CA    string   // PEM file, as IMAP's
	Every time.Duration
}

// Sources names the sources that are configured: dovecot, imap, jmap, dav.
func (w Wake) Sources() (names []string) {
	if w.Dovecot.Listen != "" {
		names = append(names, "dovecot")
	}
	if w.IMAP.Address != "" {
		names = append(names, "imap")
	}
	if w.JMAP.URL != nil {
		names = append(names, "jmap")
	}
	if w.DAV.URL != nil {
		names = append(names, "dav")
	}
	return names
}

// TellsOfMail says whether there is a source that more than calendars are heard from.
func (w Wake) TellsOfMail() bool {
	return slices.ContainsFunc(w.Sources(), func(name string) bool { return name != "dav" })
}

const (
	// shortestPoll keeps a thousand phones from being two hundred questions a second.
	shortestPoll = 5 * time.Second

	// longestPoll is beyond the longest interval of a phone.
	longestPoll = time.Hour

	// shortestSafety is the default of poll: asking more often needs no source.
	shortestSafety = 30 * time.Second

	// shortestLook is two requests for each waiting user every ten seconds, which SOGo
	// has the time for up to some hundred of them.
	shortestLook = 10 * time.Second

	// longestLook is beyond the default of safety, which finds a change all the same.
	longestLook = 10 * time.Minute
)

// mailDomain takes what stands behind the @; "" for none.
var mailDomain = codec[string]{
	read: func(n node) (string, error) {
		const want = "write what stands behind the @, for example example.com"
		if err := n.expect(text, want); err != nil {
			return "", err
		}
		if n.text != "" && !isHost(n.text) {
			return "", n.fault("not a domain", want)
		}
		return strings.ToLower(n.text), nil
	},
	show: quoted,
}

// masterUser and separator become parts of a login name.
var (
	masterUser = wordFor("write the master user's name")
	separator  = wordFor(`write auth_master_user_separator of Dovecot, for example "*"`)
)

// wordFor takes one word: a blank or a control character in a login is a slip.
func wordFor(want string) codec[string] {
	return codec[string]{
		read: func(n node) (string, error) {
			if err := n.expect(text, want); err != nil {
				return "", err
			}
			switch {
			case n.text == "":
				return "", n.fault("empty", want)
			case strings.ContainsFunc(n.text, func(r rune) bool { return r <= ' ' || r == 0x7f }):
				return "", n.fault("there is a blank in it", want)
			}
			return n.text, nil
		},
		show: quoted,
	}
}

// jmapURL keeps a slash at the end: Cyrus has its session at /jmap/.
var jmapURL = codec[*url.URL]{
	read: func(n node) (*url.URL, error) {
		return readURL(n, "write the address of the JMAP session, for example https://mail.internal/.well-known/jmap")
	},
	show: showURL,
}

// davURL is the part of the address that all users have in common.
var davURL = codec[*url.URL]{
	read: func(n node) (*url.URL, error) {
		return readURL(n, "write the address under which each user has a calendar, for example https://sogo.internal/SOGo/dav")
	},
	show: showURL,
}

// pushURL has to be https: RFC 8620 section 7.2 allows a server no other.
var pushURL = codec[*url.URL]{
	read: func(n node) (*url.URL, error) {
		const want = "write how the JMAP server reaches wake.jmap.push.listen, for example https://mail.example.com/jmap-push"
		u, err := readURL(n, want)
		if err == nil && u.Scheme != "https" {
			return nil, n.fault("not https, and JMAP servers call no other", want)
		}
		return u, err
	},
	show: showURL,
}
