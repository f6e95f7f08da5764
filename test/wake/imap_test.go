package wake_test

import (
	"fmt"
	"testing"

	"github.com/diastole/diastole/internal/wake"
	"github.com/diastole/diastole/internal/wake/imap"
	"github.com/diastole/diastole/test/dovecot"
)

const allMail = wake.Inbox | wake.Mail

// openIMAP makes a source that ends with the test. Without TLS, where it is not said.
func openIMAP(t *testing.T, cfg imap.Config) *imap.Source {
	t.Helper()
	if cfg.TLS == "" {
		cfg.TLS = "none"
	}
	s := imap.New(cfg)
	t.Cleanup(s.Close)
	return s
}

// person is a mailbox with the usual password.
func person(user string, waits wake.Classes) wake.Mailbox {
	return wake.Mailbox{User: user, Password: dovecot.Password, Inbox: waits&wake.Inbox != 0, Mail: waits&wake.Mail != 0}
}

func TestIdleHearsOfTheInbox(t *testing.T) {
	t.Parallel()
	server := dovecot.Start(t, dovecot.Config{})
	source := openIMAP(t, imap.Config{Address: server.IMAP})
	ear := listen(t, source, person("user1", wake.Inbox))
	ear.covers(wake.Inbox)
	changesInInbox(t, server, ear, func() {})
}

// The process of a hibernated connection has ended: what is heard comes from a new one.
func TestAHibernatedIdleHearsOfTheInbox(t *testing.T) {
	t.Parallel()
	server := dovecot.Start(t, dovecot.Config{Hibernate: true})
	source := openIMAP(t, imap.Config{Address: server.IMAP})
	ear := listen(t, source, person("user1", wake.Inbox))
	ear.covers(wake.Inbox)
	changesInInbox(t, server, ear, func() { awaitHibernation(t, server, 1) })
	if n := logins(server, "user1"); n != 2 { // ours, and the other program's
		t.Errorf("%d logins of user1, want 2", n)
	}
}

func TestNotifyHearsOfAllFolders(t *testing.T) {
	t.Parallel()
	server := dovecot.Start(t, dovecot.Config{})
	source := openIMAP(t, imap.Config{Address: server.IMAP})
	ear := listen(t, source, person("user1", allMail))
	ear.covers(allMail)
	changesInInbox(t, server, ear, func() {})
	other := login(t, server, "user1")
	ear.hears("a mail in Sent", func() error { return other.Append("Sent", "sent") })
	ear.hears("a new folder", func() error { return do(other, "CREATE Projects") })
	ear.hears("a mail in the new folder", func() error { return other.Append("Projects", "first") })
	ear.hears("a flag in the new folder", func() error { return do(other, "SELECT Projects", "STORE 1 +FLAGS (\\Flagged)") })
	ear.hears("a keyword in the new folder", func() error { return do(other, "STORE 1 +FLAGS (later)") })
	ear.hears("a renamed folder", func() error { return do(other, "CLOSE", "RENAME Projects Work") })
	ear.hears("a mail moved away", func() error { return do(other, "SELECT Work", "MOVE 1 Trash") })
}

// changesInInbox are all that a phone shows.
func changesInInbox(t *testing.T, server *dovecot.Server, ear *ear, ready func()) {
	t.Helper()
	ready()
	ear.hears("a delivery", func() error { return server.Deliver("user1", "one") })
	other := login(t, server, "user1")
	ready()
	ear.hears("a mail that was put there", func() error { return other.Append("INBOX", "two") })
	if err := do(other, "SELECT INBOX"); err != nil {
		t.Fatal(err)
	}
	ready()
	ear.hears("a mail that was read", func() error { return do(other, "STORE 1 +FLAGS (\\Seen)") })
	ready()
	ear.hears("a mail that is unread again", func() error { return do(other, "STORE 1 -FLAGS (\\Seen)") })
	ready()
	ear.hears("a mail that was deleted", func() error { return do(other, "STORE 1 +FLAGS (\\Deleted)", "EXPUNGE") })
}

// Thirty people, half of them with NOTIFY: each hears of his own mail, and of nobody else's.
func TestManyUsersHearOfTheirOwnMail(t *testing.T) {
	t.Parallel()
	const many = 30
	server := dovecot.Start(t, dovecot.Config{Users: many, Hibernate: true})
	source := openIMAP(t, imap.Config{Address: server.IMAP})
	ears := make([]*ear, many)
	for i := range many {
		settle(t, server, fmt.Sprint("user", i+1))
		ears[i] = listen(t, source, person(fmt.Sprint("user", i+1), []wake.Classes{wake.Inbox, allMail}[i%2]))
	}
	for i, e := range ears {
		e.covers([]wake.Classes{wake.Inbox, allMail}[i%2])
	}
	awaitHibernation(t, server, many/2)
	for i, e := range ears {
		if n := e.count(); n > 1 { // once, because nobody knows what was before
			t.Errorf("user%d heard of %d changes before there was any", i+1, n)
		}
	}
	for i := 0; i < many; i += 3 {
		before := make([]int, many)
		for j, e := range ears {
			before[j] = e.count()
		}
		ears[i].hears("a delivery", func() error { return server.Deliver(fmt.Sprint("user", i+1), "yours") })
		for j, e := range ears[i+1:] { // those who had no mail yet
			if e.count() != before[i+1+j] {
				t.Errorf("user%d heard of the mail of user%d", i+j+2, i+1)
			}
		}
	}
}
