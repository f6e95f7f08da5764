package dovecot

import (
	"crypto/tls"
	"strings"
	"testing"
)

func TestAServerTakesDeliveriesAndLogins(t *testing.T) {
	s := Start(t, Config{Hibernate: true, TLS: true})
	if err := s.Deliver("user1", "hello"); err != nil {
		t.Fatal(err)
	}
	session, err := s.Login("user1")
	if err != nil {
		t.Fatal(err)
	}
	if err := session.Append("Sent", "answer"); err != nil {
		t.Fatal(err)
	}
	for _, folder := range []string{"INBOX", "Sent"} {
		if lines, err := session.Do("STATUS " + folder + " (MESSAGES)"); err != nil || !strings.Contains(strings.Join(lines, ""), "MESSAGES 1") {
			t.Errorf("%s: %q, %v", folder, lines, err)
		}
	}
	if err := session.Close(); err != nil {
		t.Error(err)
	}
	conn, err := tls.Dial("tcp", s.IMAPS, &tls.Config{RootCAs: s.Roots})
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
}

func TestAServerKeepsItsMailAndAddressOverARestart(t *testing.T) {
	s := Start(t, Config{})
	if err := s.Deliver("user2", "before"); err != nil {
		t.Fatal(err)
	}
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Login("user2"); err == nil {
		t.Fatal("it is stopped and takes a login")
	}
	if err := s.Restart(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Login("user2*" + Master); err == nil {
		t.Fatal("the master user has the user's password")
	}
	session, err := s.LoginWith("user2*"+Master, MasterPassword)
	if err != nil {
		t.Fatal(err)
	}
	lines, err := session.Do("STATUS INBOX (MESSAGES)")
	if err != nil || !strings.Contains(strings.Join(lines, ""), "MESSAGES 1") {
		t.Errorf("%q, %v", lines, err)
	}
	session.Close()
}

func TestAChangedPasswordIsInForceAtOnce(t *testing.T) {
	s := Start(t, Config{Users: 1})
	if session, err := s.Login("user1"); err != nil {
		t.Fatal(err)
	} else {
		session.Close()
	}
	if err := s.SetPassword("user1", "sesame"); err != nil { // as long as the usual one
		t.Fatal(err)
	}
	if _, err := s.Login("user1"); err == nil {
		t.Error("the old password is taken")
	}
	if session, err := s.LoginWith("user1", "sesame"); err != nil {
		t.Error(err)
	} else {
		session.Close()
	}
}

func TestDoveadmSeesTheSameMail(t *testing.T) {
	s := Start(t, Config{})
	if err := s.Deliver("user3", "hello"); err != nil {
		t.Fatal(err)
	}
	out, err := s.Doveadm("mailbox", "status", "-u", "user3", "messages", "INBOX")
	if err != nil || !strings.Contains(out, "messages=1") {
		t.Errorf("%q, %v", out, err)
	}
}
