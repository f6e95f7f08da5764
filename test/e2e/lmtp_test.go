package e2e

import (
	"fmt"
	"net"
	"net/textproto"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// A courier delivers mail as a mail server does: over LMTP (RFC 2033), on one
// connection, in some milliseconds. The script's `deliver` starts a process for each.
type courier struct {
	mu   sync.Mutex
	text *textproto.Conn
	sent int
}

// courier connects to Dovecot's socket.
func (b *bed) courier(t testing.TB) *courier {
	t.Helper()
	conn, err := net.Dial("unix", filepath.Join(b.dir, "run/dovecot/lmtp"))
	if err != nil {
		t.Fatal(err)
	}
	c := &courier{text: textproto.NewConn(conn)}
	t.Cleanup(func() { c.text.Close() })
	if _, _, err := c.text.ReadResponse(220); err != nil {
		t.Fatalf("LMTP: %v", err)
	}
	if err := c.say(250, "LHLO courier"); err != nil {
		t.Fatalf("LMTP: %v", err)
	}
	return c
}

// deliver puts a mail into a user's Inbox, and says when Dovecot had it.
func (c *courier) deliver(user, subject string) (at time.Time, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sent++
	if err := c.say(250, "MAIL FROM:<courier@example.test>"); err != nil {
		return at, err
	}
	if err := c.say(250, "RCPT TO:<%s@example.test>", user); err != nil {
		return at, err
	}
	if err := c.say(354, "DATA"); err != nil {
		return at, err
	}
	// RFC 2033 4.2: one answer after the dot for each recipient; here there is one.
	err = c.say(250, "From: courier@example.test\r\nTo: %s@example.test\r\nSubject: %s\r\nDate: %s\r\nMessage-ID: <%d.%d@example.test>\r\n\r\nhello\r\n.",
		user, subject, time.Now().Format(time.RFC1123Z), c.sent, time.Now().UnixNano())
	return time.Now(), err
}

// say sends a line, or some, and wants an answer with this code.
func (c *courier) say(code int, format string, args ...any) error {
	if err := c.text.PrintfLine(format, args...); err != nil {
		return err
	}
	if _, _, err := c.text.ReadResponse(code); err != nil {
		return fmt.Errorf("LMTP: %w", err)
	}
	return nil
}

// delivers is deliver for a test that expects it to work.
func (c *courier) delivers(t testing.TB, user, subject string) time.Time {
	t.Helper()
	at, err := c.deliver(user, subject)
	if err != nil {
		t.Errorf("delivering to %s: %v", user, err)
	}
	return at
}
