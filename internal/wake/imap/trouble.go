package imap

import (
	"errors"
	"regexp"
	"strings"
	"time"
)

// A trouble is why there is no connection: the label of metrics, the line in the
// log, and how long to wait before the next attempt.
type trouble int

const (
	refused     trouble = iota + 1 // these credentials are wrong, or must not be used like this
	limited                        // the server's limit of connections
	unavailable                    // the server says that it cannot now
	unreachable                    // no connection, or none that is answered
	untrusted                      // TLS, its certificate, or no TLS
	unsuitable                     // it speaks something else, or has neither IDLE nor NOTIFY
	capped                         // our own limit
	closed                         // a connection that stood was closed
	hung                           // a connection that stood is not answered any more
	missed                         // the server says that it has lost events
	changing                       // from IDLE to NOTIFY
	troubles
)

var troubleNames = [troubles]string{"", "refused", "limit", "unavailable", "unreachable", "tls", "unsuitable", "capped", "closed", "hung", "events_lost", "mode"}

// String is the label in metrics.
func (t trouble) String() string { return troubleNames[t] }

func (t trouble) ofLogin() bool      { return t < capped }
func (t trouble) ofConnection() bool { return t > capped }

// pause is the shortest and the longest time between two attempts. What cures itself
// (a restart) is tried again soon; what a person must cure is left alone for long.
func (t trouble) pause() (shortest, longest time.Duration) {
	switch t {
	case limited:
		return time.Minute, 10 * time.Minute
	case unavailable:
		return 5 * time.Second, 2 * time.Minute
	case untrusted, unsuitable:
		return 30 * time.Second, 10 * time.Minute
	default:
		return time.Second, 30 * time.Second
	}
}

// A fault is a trouble with what is known of it. Nothing in it was said by the
// server but words that we know: its texts may hold the user's name.
type fault struct {
	trouble trouble
	what    string // for people
	setting string // the server's setting, "mail_max_userip_connections=10"; "" not named
	cause   error
}

// Error implements error.
func (f *fault) Error() string {
	text := f.what
	if f.setting != "" {
		text += " (" + f.setting + ")"
	}
	if f.cause != nil {
		text += ": " + f.cause.Error()
	}
	return text
}

// Unwrap gives what caused it.
func (f *fault) Unwrap() error { return f.cause }

// kind is the trouble that an error tells of; what has no name came from the
// connection itself.
func kind(err error, otherwise trouble) trouble {
	var f *fault
	if errors.As(err, &f) {
		return f.trouble
	}
	return otherwise
}

// settings are written by Dovecot behind what they have limited:
// "Maximum number of connections from user+IP exceeded (mail_max_userip_connections=10)".
var settings = regexp.MustCompile(`\(([a-z][a-z_]{2,60}=[0-9]{1,9})\)`)

// turnedDown reads a NO to a login, or a BYE in its place (RFC 5530 3). The text is
// asked before the code: Dovecot says [UNAVAILABLE] where its limit was reached. A NO that
// gives no reason counts as wrong credentials, since the old servers that do not
// know codes mean that, and trying again could lock the account.
func turnedDown(r response) *fault {
	text := strings.ToLower(r.text)
	code, _, _ := strings.Cut(r.code, " ")
	f := &fault{}
	if m := settings.FindStringSubmatch(text); m != nil {
		f.setting = m[1]
	}
	switch {
	case f.setting != "", code == "LIMIT", code == "INUSE", code == "OVERQUOTA",
		strings.Contains(text, "number of connections"), strings.Contains(text, "too many"):
		f.trouble, f.what = limited, "the server's limit of connections is reached"
	case code == "UNAVAILABLE", code == "SERVERBUG", code == "CORRUPTION", code == "CLIENTBUG", r.kind == "BYE":
		f.trouble, f.what = unavailable, "the server cannot serve this login now"
	case r.kind == "NO":
		f.trouble, f.what = refused, "the server refuses these credentials"
	default:
		f.trouble, f.what = unsuitable, "the server does not understand the login"
	}
	return f
}
