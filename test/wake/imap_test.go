package wake_test

import (
	"testing"

	"github.com/diastole/diastole/internal/wake"
	"github.com/diastole/diastole/internal/wake/imap"
	"github.com/diastole/diastole/test/dovecot"
)

// openIMAP makes a source that ends with the test.
func openIMAP(t *testing.T, cfg imap.Config) *imap.Source {
	t.Helper()
	s := imap.New(cfg)
	t.Cleanup(s.Close)
	return s
}

func TestIdleHearsOfTheInbox(t *testing.T) {
	for name, hibernate := range map[string]bool{"awake": false, "hibernated": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := dovecot.Start(t, dovecot.Config{Hibernate: hibernate})
			source := openIMAP(t, imap.Config{Address: server.IMAP, TLS: "none"})
			ear := listen(t, source, wake.Mailbox{User: "user1", Password: dovecot.Password, Inbox: true})
			ear.covers(wake.Inbox)
			if hibernate {
				awaitLog(t, server, "hibernat")
			}
			changesInInbox(t, server, ear)
		})
	}
}

func TestNotifyHearsOfAllFolders(t *testing.T) {
	t.Parallel()
	server := dovecot.Start(t, dovecot.Config{})
	source := openIMAP(t, imap.Config{Address: server.IMAP, TLS: "none"})
	ear := listen(t, source, wake.Mailbox{User: "user1", Password: dovecot.Password, Inbox: true, Mail: true})
	ear.covers(wake.Inbox | wake.Mail)
	changesInInbox(t, server, ear)
	other := login(t, server, "user1")
	ear.hears("a mail in Sent", func() error { return other.Append("Sent", "sent") })
	ear.hears("a new folder", func() error { return do(other, "CREATE Projects") })
	ear.hears("a mail in the new folder", func() error { return other.Append("Projects", "first") })
	ear.hears("a flag in the new folder", func() error { return do(other, "SELECT Projects", "STORE 1 +FLAGS (\\Flagged)") })
	ear.hears("a renamed folder", func() error { return do(other, "CLOSE", "RENAME Projects Work") })
}

// changesInInbox are all that a phone shows.
func changesInInbox(t *testing.T, server *dovecot.Server, ear *ear) {
	t.Helper()
	ear.hears("a delivery", func() error { return server.Deliver("user1", "one") })
	other := login(t, server, "user1")
	ear.hears("a mail that was put there", func() error { return other.Append("INBOX", "two") })
	if err := do(other, "SELECT INBOX"); err != nil {
		t.Fatal(err)
	}
	ear.hears("a mail that was read", func() error { return do(other, "STORE 1 +FLAGS (\\Seen)") })
	ear.hears("a mail that is unread again", func() error { return do(other, "STORE 1 -FLAGS (\\Seen)") })
	ear.hears("a mail that was deleted", func() error { return do(other, "STORE 1 +FLAGS (\\Deleted)", "EXPUNGE") })
}
