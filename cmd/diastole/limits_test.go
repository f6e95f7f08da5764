package main

import (
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A whole process: an old phone, a reload that lets it in, and one that takes the limits away.
func TestAnOldPhoneIsRefusedHereUntilAReload(t *testing.T) {
	_, url := annaAndBert(t)
	config := configFile(t, url, "shield: {stale_passwords: 3}\nlimits: {failures: 10, connections: 100, handshakes: 600}\n")
	p := start(t, "--config", config)
	old := handset(t, p, "anna@lab.test", "an-old-one")
	tries := func(n int) {
		t.Helper()
		for range n {
			if err := old.FolderSync(t.Context()); err == nil {
				t.Fatal("let in with an old password")
			}
		}
	}
	began := time.Now()
	tries(2)
	if slept := time.Since(began); slept < time.Second {
		t.Errorf("both answers came within %s: was the second not ours?", slept)
	}
	if line := p.await(1, "proxy", "login refused"); line["kind"] != "guess" || line["client"] != "127.0.0.1" {
		t.Errorf("logged %v", line)
	}
	p.signal(unix.SIGHUP)
	p.await(1, "", "the configuration was read again")
	tries(1)
	p.await(2, "proxy", "login refused") // by the server
	p.signal(unix.SIGTERM)
	p.exit(0)
}
