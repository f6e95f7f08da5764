package config

import (
	"fmt"
	"strconv"
	"strings"
)

// Error is the one mistake found: where it stands, which key, which value, what
// is wrong with it and the way out.
type Error struct {
	File         string // as given to Load or Parse, or the flag ("--upstream")
	Line, Column int    // from 1; 0 where there is no line: a flag, or a file that could not be read
	Key          string // full path, "tls.cert"; "" where no key is concerned
	Value        string // as shown to people: quoted, shortened, without secrets; "" where it would not help
	Problem      string
	Remedy       string
}

// Error returns "FILE:LINE:COLUMN: KEY: VALUE: PROBLEM; REMEDY", in one line.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.File)
	if e.Line > 0 {
		fmt.Fprintf(&b, ":%d:%d", e.Line, e.Column)
	}
	for _, part := range []string{e.Key, e.Value, e.Problem} {
		if part != "" {
			b.WriteString(": ")
			b.WriteString(part)
		}
	}
	if e.Remedy != "" {
		b.WriteString("; ")
		b.WriteString(e.Remedy)
	}
	return b.String()
}

// shownLimit bounds a value in a message: enough to recognise it by.
const shownLimit = 80

func shortened(text string) string {
	if r := []rune(text); len(r) > shownLimit {
		return string(r[:shownLimit]) + "..."
	}
	return text
}

// visible is a text from the file without characters that would break the one
// line of a message, or a terminal: they become \t, \u0007 and so on.
func visible(text string) string {
	var b strings.Builder
	for _, r := range shortened(text) {
		if strconv.IsPrint(r) {
			b.WriteRune(r)
		} else {
			escaped := strconv.QuoteRune(r)
			b.WriteString(escaped[1 : len(escaped)-1])
		}
	}
	return b.String()
}

// withoutSecrets hides what stands before an @ and after a ?, the two places
// where people put passwords and keys into a URL. It works on the raw text,
// because a URL with a raw password in it is often not even a valid one.
func withoutSecrets(text string) string {
	from := 0
	if i := strings.Index(text, "://"); i >= 0 {
		from = i + len("://")
	}
	if i := strings.LastIndexByte(text, '@'); i >= from {
		text = text[:from] + "***" + text[i:]
	}
	if i := strings.IndexAny(text, "?#"); i >= 0 {
		text = text[:i+1] + "***"
	}
	return text
}
