package e2e

import (
	"bufio"
	"fmt"
	"net"
	"strings"
	"testing"
)

// A reader is another mail program of a user: it speaks IMAP to Dovecot, past SOGo
// and diastole, and does there what phones are then told of.
type reader struct {
	conn net.Conn
	in   *bufio.Reader
	tag  int
}

// reader logs in.
func (b *bed) reader(t testing.TB, user string) *reader {
	t.Helper()
	conn, err := net.Dial("tcp", b.imap)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	r := &reader{conn: conn, in: bufio.NewReader(conn)}
	if _, err := r.in.ReadString('\n'); err != nil { // the greeting
		t.Fatalf("IMAP: %v", err)
	}
	if _, err := r.do("LOGIN %s %s", user, password); err != nil {
		t.Fatal(err)
	}
	return r
}

// do sends one command and gives the untagged lines of its answer.
func (r *reader) do(format string, args ...any) (lines []string, err error) {
	r.tag++
	command := fmt.Sprintf(format, args...)
	if _, err := fmt.Fprintf(r.conn, "a%d %s\r\n", r.tag, command); err != nil {
		return nil, err
	}
	for {
		line, err := r.in.ReadString('\n')
		if err != nil {
			return lines, fmt.Errorf("IMAP: %.40q: %w", command, err)
		}
		rest, tagged := strings.CutPrefix(line, fmt.Sprintf("a%d ", r.tag))
		switch {
		case tagged && strings.HasPrefix(rest, "OK"):
			return lines, nil
		case tagged:
			return lines, fmt.Errorf("IMAP: %.40q: %s", command, strings.TrimSpace(rest))
		}
		lines = append(lines, strings.TrimSpace(line))
	}
}

// put appends a mail to a folder (RFC 7888: "+" needs no invitation to go on).
func (r *reader) put(folder, subject string) error {
	mail := fmt.Sprintf("From: reader@example.test\r\nSubject: %s\r\n\r\nhello\r\n", subject)
	_, err := r.do("APPEND %s {%d+}\r\n%s", folder, len(mail), mail)
	return err
}

// uids are the messages of a folder, which is selected from now on.
func (r *reader) uids(folder string) ([]string, error) {
	if _, err := r.do("SELECT %s", folder); err != nil {
		return nil, err
	}
	lines, err := r.do("UID SEARCH ALL")
	for _, line := range lines {
		if found, ok := strings.CutPrefix(line, "* SEARCH"); ok {
			return strings.Fields(found), err
		}
	}
	return nil, err
}
