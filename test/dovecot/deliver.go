package dovecot

import (
	"fmt"
	"net"
	"net/textproto"
	"time"
)

// Deliver puts a mail into the user's inbox as a mail server would, by LMTP (RFC
// 2033). When it returns the mail is there, and notifications of it have been sent
// or given up.
func (s *Server) Deliver(user, subject string) error {
	conn, err := net.Dial("unix", s.path("run/lmtp"))
	if err != nil {
		return err
	}
	_ = conn.SetDeadline(time.Now().Add(30 * time.Second))
	lmtp := textproto.NewConn(conn)
	defer lmtp.Close()
	for _, step := range []struct {
		say  string
		want int
	}{
		{"", 220},
		{"LHLO localhost", 250},
		{"MAIL FROM:<sender@example.test>", 250},
		{"RCPT TO:<" + user + ">", 250},
		{"DATA", 354},
		{Message(subject) + ".", 250}, // one answer a recipient
		{"QUIT", 221},
	} {
		if step.say != "" {
			if err := lmtp.PrintfLine("%s", step.say); err != nil {
				return err
			}
		}
		if _, _, err := lmtp.ReadResponse(step.want); err != nil {
			return fmt.Errorf("delivering to %s: %w", user, err)
		}
	}
	return nil
}

// Message is a small mail.
func Message(subject string) string {
	return "From: Sender <sender@example.test>\r\nTo: user@example.test\r\nSubject: " + subject +
		"\r\nDate: Sun, 22 Nov 2026 06:00:00 +0000\r\nMIME-Version: 1.0\r\nContent-Type: text/plain\r\n\r\nSome text.\r\n"
}
