package proxy

import (
	"strings"
	"unicode"
)

// named is how a user or a device stands in the log.
func (p *Proxy) named(name string) string { return clip(p.config.LogName(name)) }

// clip keeps a client from filling the disk with one request after the other, and
// from steering the terminal of whoever reads the log: zap escapes the controls of
// ASCII, not those above it (U+009B begins a sequence as ESC does, U+202E turns the
// rest of the line around).
func clip(text string) string {
	return strings.Map(func(c rune) rune {
		if c > '~' && !unicode.IsPrint(c) {
			return unicode.ReplacementChar
		}
		return c
	}, text[:min(len(text), maxName)])
}

// shortestName is how long a name must be to be looked for in other words: sam is in
// samsung too.
const shortestName = 4

// masked is what a device says of itself, without its user's name and its own: some put
// one of them into the type or the User-Agent.
func (p *Proxy) masked(text, user, device string) string {
	// Cut afterwards, or half of a name at the end would stand there; and what is not
	// UTF-8 is replaced afterwards, or Outlook's J\xfcrgen would no longer be found.
	text, user = text[:min(len(text), 2*maxName)], fold(user)
	local, _, _ := strings.Cut(user, "@")
	for _, name := range []string{user, local, lowered(device)} {
		if len(name) < shortestName {
			continue
		}
		// Whether names are hashed is asked of one that is there: a hash costs more than the search.
		for at := strings.Index(lowered(text), name); at >= 0 && p.config.LogName(name) != name; at = strings.Index(lowered(text), name) {
			text = text[:at] + "***" + text[at+len(name):] // shorter each time
		}
	}
	return clip(text)
}
