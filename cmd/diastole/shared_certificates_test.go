package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/diastole/diastole/test/acme"
	"github.com/diastole/diastole/test/redis"
)

// issued waits for the certificate of a name: until there is one, handshakes fail.
func (p *process) issued(name string) (leaf *x509.Certificate) {
	p.t.Helper()
	for late := time.Now().Add(patience); time.Now().Before(late); <-time.After(10 * time.Millisecond) {
		c, err := tls.Dial("tcp", p.address("edge"), &tls.Config{ServerName: name, InsecureSkipVerify: true})
		if err == nil {
			defer c.Close()
			return c.ConnectionState().PeerCertificates[0]
		}
	}
	p.t.Fatalf("nothing was issued for %s", name)
	return nil
}

func TestWhatOneNodeHasIssuedIsShownByAllAndTheyTakeUpEachOthersSessions(t *testing.T) {
	server, shared, port := newMailServer(t, httptest.NewServer), redis.Start(t), acme.FreePort(t)
	authority := acme.Start(t, acme.Config{TLSPort: port})
	secrets := t.TempDir()
	for name, text := range map[string]string{"password": redis.Password, "key": "0123456789abcdef0123456789abcdef"} {
		if err := os.WriteFile(filepath.Join(secrets, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	node := func(port int) *process {
		return start(t, "--config", configFile(t, server.URL, fmt.Sprintf("listen: 127.0.0.1:%d\n"+
			"tls: {acme: {domains: [mail.example.com], ca: %q, ca_root: %s, http: off}}\n"+
			"state: {redis: %q, password_file: %s/password, key_file: %s/key}\n",
			port, authority.URL, authority.RootFile, shared.URL(), secrets, secrets)))
	}
	first := node(port)
	leaf := first.issued("mail.example.com")
	authority.Limit(time.Now().Add(time.Hour))
	asked := authority.Orders.Load()
	second := node(0)
	if again := second.issued("mail.example.com"); !again.Equal(leaf) {
		t.Error("two nodes show two certificates")
	}
	if now := authority.Orders.Load(); now != asked {
		t.Errorf("the authority was asked %d times more", now-asked)
	}
	sessions := tls.NewLRUClientSessionCache(1)
	first.shown("mail.example.com", sessions)
	if _, resumed := second.shown("mail.example.com", sessions); !resumed {
		t.Error("the second node does not take up a session of the first")
	}
}
