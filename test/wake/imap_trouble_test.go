package wake_test

import (
	"crypto/x509"
	"strings"
	"testing"
	"time"

	"github.com/diastole/diastole/internal/wake"
	"github.com/diastole/diastole/internal/wake/imap"
	"github.com/diastole/diastole/test/dovecot"
)

// What happens while the server is away is told when it is back, and only then.
func TestAfterARestartOnlyWhatWasMissedIsTold(t *testing.T) {
	for name, waits := range map[string]wake.Classes{"idle": wake.Inbox, "notify": allMail} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := dovecot.Start(t, dovecot.Config{})
			settle(t, server, "user1", "user2")
			gate := newGate(t, server.IMAP)
			source := openIMAP(t, imap.Config{Address: gate.Address})
			with, without := listen(t, source, person("user1", waits)), listen(t, source, person("user2", waits))
			with.covers(waits)
			without.covers(waits)
			gate.turnAway(true)
			if err := server.Restart(); err != nil {
				t.Fatal(err)
			}
			with.covers(0)
			without.covers(0)
			if err := server.Deliver("user1", "meanwhile"); err != nil {
				t.Fatal(err)
			}
			before, same := with.count(), without.count()
			gate.turnAway(false)
			with.await("the mail that came meanwhile", func() bool { return with.news > before })
			with.covers(waits)
			without.covers(waits)
			if n := without.count(); n != same {
				t.Errorf("a mailbox in which nothing has happened was told of %d changes", n-same)
			}
			without.hears("a delivery afterwards", func() error { return server.Deliver("user2", "after") })
		})
	}
}

func TestACutConnectionIsMadeAnewAndTellsWhatWasMissed(t *testing.T) {
	t.Parallel()
	server := dovecot.Start(t, dovecot.Config{Hibernate: true})
	gate := newGate(t, server.IMAP)
	source := openIMAP(t, imap.Config{Address: gate.Address})
	ear := listen(t, source, person("user1", wake.Inbox))
	ear.covers(wake.Inbox)
	awaitHibernation(t, server, 1)
	gate.turnAway(true)
	gate.cut()
	ear.covers(0)
	ear.hears("a mail that came meanwhile", func() error {
		defer gate.turnAway(false)
		return server.Deliver("user1", "meanwhile")
	})
	ear.covers(wake.Inbox)
}

func TestAHungConnectionIsFoundAndMadeAnew(t *testing.T) {
	for name, waits := range map[string]wake.Classes{"idle": wake.Inbox, "notify": allMail} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := dovecot.Start(t, dovecot.Config{})
			settle(t, server, "user1")
			gate := newGate(t, server.IMAP)
			source := openIMAP(t, imap.Config{Address: gate.Address, Quiet: time.Second, Patience: 2 * time.Second})
			ear := listen(t, source, person("user1", waits))
			ear.covers(waits)
			gate.hang(true)
			ear.covers(0)
			gate.cut() // what hangs in between never arrives
			gate.hang(false)
			ear.covers(waits)
			ear.hears("a delivery afterwards", func() error { return server.Deliver("user1", "after") })
		})
	}
}

func TestAWrongPasswordIsAskedOnce(t *testing.T) {
	t.Parallel()
	server := dovecot.Start(t, dovecot.Config{})
	gate := newGate(t, server.IMAP)
	source := openIMAP(t, imap.Config{Address: gate.Address})
	m := person("user1", wake.Inbox)
	m.Password = "wrong\r\nx LOGIN user1 secret"
	first := listen(t, source, m)
	logged(t, server, "auth failed")
	listen(t, source, m) // it comes again at once
	other := listen(t, source, person("user1", wake.Inbox))
	other.covers(wake.Inbox)
	if n := gate.connections(); n != 2 {
		t.Errorf("%d connections, want one for each password", n)
	}
	if first.watching.Covers() != 0 {
		t.Error("a wrong password hears of changes")
	}
}

func TestBeyondTheServersLimitOfConnectionsNobodyInsists(t *testing.T) {
	t.Parallel()
	server := dovecot.Start(t, dovecot.Config{Extra: "mail_max_userip_connections = 1\n"})
	login(t, server, "user1") // has the only place
	gate := newGate(t, server.IMAP)
	source := openIMAP(t, imap.Config{Address: gate.Address})
	limited, other := listen(t, source, person("user1", wake.Inbox)), listen(t, source, person("user2", wake.Inbox))
	other.covers(wake.Inbox)
	logged(t, server, "Maximum number of connections from user+IP exceeded (mail_max_userip_connections=1): user=<user1>")
	if limited.watching.Covers() != 0 {
		t.Error("a refused login hears of changes")
	}
	if n := gate.connections(); n != 2 {
		t.Errorf("%d connections: a limit is no reason to try again at once", n)
	}
}

func TestAMasterUserHearsForEverybody(t *testing.T) {
	t.Parallel()
	server := dovecot.Start(t, dovecot.Config{})
	source := openIMAP(t, imap.Config{Address: server.IMAP, Master: imap.Master{User: dovecot.Master, Password: dovecot.MasterPassword}})
	for _, user := range []string{"user1", "user2"} {
		ear := listen(t, source, wake.Mailbox{User: user, Inbox: true, Mail: true}) // a client certificate has no password
		ear.covers(allMail)
		ear.hears("a delivery", func() error { return server.Deliver(user, "one") })
	}
}

func TestPasswordsGoOnlyToWhoeverHasTheRightCertificate(t *testing.T) {
	t.Parallel()
	server := dovecot.Start(t, dovecot.Config{TLS: true})
	for name, c := range map[string]imap.Config{
		"TLS":      {Address: server.IMAPS, TLS: "tls"},
		"STARTTLS": {Address: server.IMAP, TLS: "starttls"},
	} {
		t.Run(name, func(t *testing.T) {
			good := c
			good.Roots = server.Roots
			ear := listen(t, openIMAP(t, good), person("user1", wake.Inbox))
			ear.covers(wake.Inbox)
			ear.hears("a delivery", func() error { return server.Deliver("user1", "one") })
			refusedCertificate(t, server, c)
		})
	}
}

// refusedCertificate tries it with another CA.
func refusedCertificate(t *testing.T, server *dovecot.Server, c imap.Config) {
	t.Helper()
	c.Roots = x509.NewCertPool()
	ear := listen(t, openIMAP(t, c), person("user3", wake.Inbox))
	logged(t, server, "bad certificate")
	if ear.watching.Covers() != 0 || strings.Contains(server.Log(), "user3") {
		t.Errorf("something of user3 went to a server that is not believed:\n%s", server.Log())
	}
}

// settle lets users come for the first time, which makes their folders: a change.
func settle(t *testing.T, server *dovecot.Server, users ...string) {
	t.Helper()
	for _, user := range users {
		if err := do(login(t, server, user), `LIST "" "*" RETURN (STATUS (HIGHESTMODSEQ))`, "LOGOUT"); err != nil {
			t.Fatal(err)
		}
	}
}
