package policy

import "strings"

const (
	// longestPattern bounds a pattern, longestText what a wildcard is matched
	// against: the text is the client's choice, as long as a header may be, and the
	// time is up to the product of the two. What is beyond it does not exist for us.
	longestPattern = 256
	longestText    = 1 << 10
)

// pattern is a text with wildcards, ready to match: * is any text, ? any one
// byte. There is no way to quote them, because \ is a part of user names
// (DOMAIN\u) and none of the fields ever needs a literal * or ?.
type pattern struct {
	text string // ASCII letters in lower case
	wild bool
}

func newPattern(text string) pattern {
	return pattern{folded(text), strings.ContainsAny(text, "*?")}
}

// flaw says what is wrong with a pattern, "" if nothing is. Brackets and braces
// mean something in other programs' patterns; whoever writes them here expects that.
func flaw(text string) (problem, remedy string) {
	const write = "write text, with * for any text and ? for any one character"
	switch {
	case strings.TrimSpace(text) == "":
		return "an empty pattern matches nobody", write + ", or remove it"
	case len(text) > longestPattern:
		return "longer than 256 bytes", write
	case strings.ContainsAny(text, "[]{}"):
		return "brackets and braces mean nothing in a pattern here", write + "; give several patterns for several words"
	case strings.Contains(text, "**"):
		return "two * in a row", "write one: it is any text, slashes and all"
	}
	return "", ""
}

// match tells whether the pattern is all of text.
func (p pattern) match(text string) bool {
	if !p.wild {
		return len(text) == len(p.text) && samePart(p.text, text)
	}
	return glob(p.text, text[:min(len(text), longestText)])
}

// samePart compares without wildcards, ASCII letters of text in either case.
func samePart(pattern, text string) bool {
	for i := range len(pattern) {
		if pattern[i] != lower(text[i]) {
			return false
		}
	}
	return true
}

// glob matches from left to right. Where it does not go on, the last * takes one
// byte more: an earlier one need never be tried again, since the last one can
// take whatever that would have left over. So there is no recursion and no
// pattern that takes exponential time.
func glob(pattern, text string) bool {
	p, t := 0, 0
	star, from := -1, 0 // the last * and where in text it ends
	for t < len(text) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, from = p, t
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == lower(text[t])):
			p++
			t++
		case star >= 0:
			from++
			p, t = star+1, from
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}

// lower folds ASCII only. What a device sends need not be UTF-8: Outlook sends
// Latin-1, of which strings.ToLower makes one and the same character.
func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

func folded(text string) string {
	b := []byte(text)
	for i, c := range b {
		b[i] = lower(c)
	}
	return string(b)
}

// principal turns DOMAIN\u into u@DOMAIN, as it is done with the names of users
// who ask; otherwise a rule for the one spelling would never match the other.
func principal(pattern string) string {
	domain, user, ok := strings.Cut(pattern, `\`)
	switch {
	case !ok:
		return pattern
	case domain == "":
		return user
	}
	return user + "@" + domain
}
