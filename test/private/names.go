// Package private holds that what the program says names nobody: no user, no device and no
// credential stands in its log or on /metrics, as long as log.users is what it is by
// default. The tests plant names, internal/said keeps what the program says while they
// run, and `make private` looks for the one in the other. It does not look at what the
// program says when it is asked for a user: whois, devices, forget, and the API.
package private

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"
)

// The names that tests plant. One that is an ordinary word, or shorter than four letters,
// cannot be told from the text around it: tests that mean to be read here use these.
var (
	users     = []string{"anna", "bert", "hannelore"}
	devices   = []string{"dev1", "annas1", "berts1", "handset1", "anna00", "walker"}
	passwords = []string{"secret", "pa55-of-anna", "pa55-of-bert", "guessed", "Planted-Password", "token1"}
)

// A sign is a form of a planted name.
type sign struct {
	of   string // what was planted
	text string // in lower case where it is a word
	word *regexp.Regexp
}

// in looks for it in a line; lower is the line in lower case.
func (s sign) in(line, lower string) bool {
	if s.word == nil {
		return strings.Contains(line, s.text)
	}
	return strings.Contains(lower, s.text) && s.word.MatchString(lower) // the first is quick
}

// signs are all forms of the names: as a word, in any case and whatever stands beside it
// (%40, a backslash, an @); in hexadecimal; and in base64 as it stands in Authorization
// and in ActiveSync's short queries, wherever in the text the name begins.
func signs() (all []sign) {
	word := func(of, text string) {
		text = strings.ToLower(text)
		all = append(all, sign{of, text, regexp.MustCompile(`(?:^|[^a-z0-9]|%[0-9a-f]{2}|\\u[0-9a-f]{4})` + regexp.QuoteMeta(text) + `(?:$|[^a-z0-9])`)})
	}
	inside := func(of, text string) {
		if len(text) >= 5 { // shorter ones stand in any text by chance
			all = append(all, sign{of: of, text: text})
		}
	}
	for n := range 60 { // of the end-to-end tests
		word(fmt.Sprintf("user%d", n), fmt.Sprintf("user%d", n))
		word(fmt.Sprintf("device%d", n), fmt.Sprintf("device%d", n))
	}
	for _, name := range append(append(append([]string{}, users...), devices...), passwords...) {
		word(name, name)
		inside(name+" in hexadecimal", hex.EncodeToString([]byte(name)))
		for _, core := range base64Cores(name) {
			inside(name+" in base64", core)
		}
	}
	for _, user := range users {
		for _, core := range base64Cores(user + ":") {
			inside(user+" and a password in base64", core)
		}
	}
	return all
}

// base64Cores are the three forms that a text can have inside of a longer one in base64,
// without the letters that depend on what stands beside it.
func base64Cores(text string) (cores []string) {
	for before := range 3 {
		whole := base64.RawStdEncoding.EncodeToString([]byte(strings.Repeat("\x00", before) + text))
		from := (before*8 + 5) / 6
		to := (before + len(text)) * 8 / 6
		cores = append(cores, whole[from:to])
	}
	return cores
}
