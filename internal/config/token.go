package config

import (
	"bytes"
	"errors"
	"fmt"
	"os"
)

// shortestToken is 64 bits in hexadecimal. Less can be guessed by somebody who
// has all day, and the admin listener does not count failures.
const shortestToken = 16

const wantToken = "write the path of a file that holds the token and nothing else"

// tokenFile takes the path of a file with a usable token. A value that names no
// file is never shown: it may be the token itself, put there by mistake, and
// messages end up in logs and tickets.
var tokenFile = codec[string]{
	read: func(n node) (string, error) {
		path, err := file(wantToken, checkToken).read(n)
		var e *Error
		if _, missing := os.Stat(n.src.path(n.text)); missing != nil && errors.As(err, &e) {
			e.Value = "(value not shown)"
		}
		return path, err
	},
	show: quoted,
}

func checkToken(content []byte) (problem, remedy string) {
	const howTo = "write a new one, for example: openssl rand -hex 32 > FILE"
	switch token := bytes.TrimSpace(content); {
	case len(token) < shortestToken:
		return fmt.Sprintf("the token in it has %d characters, fewer than %d", len(token), shortestToken), howTo
	case bytes.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }):
		// It travels in a header, where RFC 6750 2.1 allows only visible ASCII.
		return "the token in it has spaces or characters that are not plain ASCII", howTo
	}
	return "", ""
}

// AdminToken reads the token that Admin.TokenFile names; "" without such a file.
func (c *Config) AdminToken() (string, error) {
	if c.Admin.TokenFile == "" {
		return "", nil
	}
	content, err := readFile(c.Admin.TokenFile)
	if err != nil {
		return "", fmt.Errorf("admin.token_file: %w", err)
	}
	if problem, remedy := checkToken(content); problem != "" {
		return "", fmt.Errorf("admin.token_file: %s: %s; %s", c.Admin.TokenFile, problem, remedy)
	}
	return string(bytes.TrimSpace(content)), nil
}
