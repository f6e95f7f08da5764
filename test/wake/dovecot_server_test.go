package wake_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/diastole/diastole/test/dovecot"
)

func login(t *testing.T, server *dovecot.Server, user string) *dovecot.Session {
	t.Helper()
	s, err := server.Login(user)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func do(s *dovecot.Session, commands ...string) error {
	for _, command := range commands {
		if _, err := s.Do(command); err != nil {
			return err
		}
	}
	return nil
}

// until polls what only the server can tell.
func until(t *testing.T, what string, so func() bool) {
	t.Helper()
	for limit := time.Now().Add(patience); !so(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(limit) {
			t.Fatal("waited in vain: " + what)
		}
	}
}

// awaitHibernation waits until so many connections have left their processes.
func awaitHibernation(t *testing.T, server *dovecot.Server, connections int) {
	t.Helper()
	until(t, "hibernation", func() bool {
		table, err := server.Doveadm("process", "status")
		if err != nil {
			t.Fatal(err)
		}
		for row := range strings.Lines(table) {
			// name, pid, free places of 1000, and more. It counts the counter of
			// connections as a client too, once it has talked to it.
			if columns := strings.Fields(row); len(columns) > 2 && columns[0] == "imap-hibernate" {
				free, _ := strconv.Atoi(columns[2])
				return 1000-free >= connections
			}
		}
		return false
	})
}

// logins counts those that the server let in.
func logins(server *dovecot.Server, user string) int {
	return strings.Count(server.Log(), "Login: user=<"+user+">")
}

// logged waits until the server has logged a text.
func logged(t *testing.T, server *dovecot.Server, text string) {
	t.Helper()
	until(t, text, func() bool { return strings.Contains(server.Log(), text) })
}
