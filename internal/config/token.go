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

// tokenFile takes the path of a file with a usable token.
var tokenFile = secretFile(wantToken, checkToken)

// secretFile is file for secrets. A value that names no file is never shown: it
// may be the secret itself, put there by mistake, and messages end up in logs and
// tickets.
func secretFile(want string, check func([]byte) (problem, remedy string)) codec[string] {
	return codec[string]{
		read: func(n node) (string, error) {
			path, err := file(want, check).read(n)
			var e *Error
			if _, missing := os.Stat(n.src.path(n.text)); missing != nil && errors.As(err, &e) {
				e.Value = "(value not shown)"
			}
			return path, err
		},
		show: quoted,
	}
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

// passwordFile takes the path of a file with a password. Like a token's, a value
// that names no file is never shown.
var passwordFile = secretFile("write the path of a file that holds the password and nothing else", checkPassword)

// checkPassword wants one line: a password that ends in the middle is refused by
// the mail store in words that say nothing of a file.
func checkPassword(content []byte) (problem, remedy string) {
	const howTo = "write the password into the file, in one line"
	switch password := withoutLineEnd(content); {
	case len(password) == 0:
		return "there is no password in it", howTo
	case bytes.ContainsAny(password, "\x00\r\n"):
		return "there is more than one line in it", howTo
	}
	return "", ""
}

// withoutLineEnd keeps blanks, which a password may begin or end with.
func withoutLineEnd(content []byte) []byte { return bytes.TrimRight(content, "\r\n") }

// AdminToken reads the token that Admin.TokenFile names; "" without such a file.
func (c *Config) AdminToken() (string, error) {
	return secret("admin.token_file", c.Admin.TokenFile, checkToken, bytes.TrimSpace)
}

// DovecotToken reads the token that Wake.Dovecot.TokenFile names; "" without such a file.
func (c *Config) DovecotToken() (string, error) {
	return secret("wake.dovecot.token_file", c.Wake.Dovecot.TokenFile, checkToken, bytes.TrimSpace)
}

// MasterPassword reads the password that Wake.IMAP.Master.PasswordFile names; "" without
// such a file.
func (c *Config) MasterPassword() (string, error) {
	return secret("wake.imap.master.password_file", c.Wake.IMAP.Master.PasswordFile, checkPassword, withoutLineEnd)
}

// secret reads a file again that was fine when the configuration was read.
func secret(key, path string, check func([]byte) (problem, remedy string), trim func([]byte) []byte) (string, error) {
	if path == "" {
		return "", nil
	}
	content, err := readFile(path)
	if err != nil {
		return "", fmt.Errorf("%s: %w", key, err)
	}
	if problem, remedy := check(content); problem != "" {
		return "", fmt.Errorf("%s: %s: %s; %s", key, path, problem, remedy)
	}
	return string(trim(content)), nil
}
