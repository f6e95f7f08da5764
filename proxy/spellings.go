package proxy

import (
	"slices"
	"unicode/utf8"
)

// Spellings are the names under which a user may be known here whom somebody else
// writes as user: what a phone sends in its credentials, or what the log shows. The
// user of another domain is not among them, nor is u for u@domain: those are others.
func Spellings(user string) []string {
	names := []string{user} // the subject of a token or of a certificate is not folded
	for _, name := range []string{fold(user), latin1(fold(user))} {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// latin1 is how Outlook writes a name in Basic credentials, where UTF-8 was never
// agreed on (RFC 7617 2.1). What has no such form stays as it is.
func latin1(name string) string {
	var short []byte
	for _, r := range name {
		if r > 0xff || r == utf8.RuneError {
			return name
		}
		short = append(short, byte(r))
	}
	return string(short)
}
