package dovecot

import (
	"fmt"
	"net"
	"net/textproto"
	"os/exec"
	"strings"
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

// DeliverAs does it with dovecot-lda, under the name of a user of this machine: that is
// how Postfix's pipe does it, and that user cannot read all of Dovecot's settings.
func (s *Server) DeliverAs(account, user, subject string) error {
	lda := exec.Command("runuser", "-u", account, "--", "/usr/lib/dovecot/dovecot-lda", "-c", s.path("dovecot.conf"), "-d", user)
	lda.Stdin = strings.NewReader(Message(subject))
	if out, err := lda.CombinedOutput(); err != nil {
		return fmt.Errorf("dovecot-lda: %w: %s", err, out)
	}
	return nil
}

// Message is a small mail.
func Message(subject string) string {
	return "From: Sender <sender@example.test>\r\nTo: user@example.test\r\nSubject: " + subject +
		"\r\nDate: Sun, 22 Nov 2026 06:00:00 +0000\r\nMIME-Version: 1.0\r\nContent-Type: text/plain\r\n\r\nSome text.\r\n"
}
