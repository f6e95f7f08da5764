package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"math/big"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
	"software.sslmate.com/src/go-pkcs12"
)

// writePFX writes a certificate for a name, with that end, under a password.
func writePFX(t *testing.T, path, name string, ends time.Time, password string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{name}, NotBefore: time.Unix(1e9, 0), NotAfter: ends}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	content, err := pkcs12.Modern.Encode(key, leaf, nil, password)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

// shown is the certificate for a name, and whether the phone's session was taken up.
func (p *process) shown(name string, sessions tls.ClientSessionCache) (leaf *x509.Certificate, resumed bool) {
	p.t.Helper()
	c, err := tls.Dial("tcp", p.address("edge"), &tls.Config{ServerName: name, InsecureSkipVerify: true,
		MaxVersion: tls.VersionTLS12, ClientSessionCache: sessions})
	if err != nil {
		p.t.Fatal(err)
	}
	defer c.Close()
	return c.ConnectionState().PeerCertificates[0], c.ConnectionState().DidResume
}

func (p *process) expectShown(name, want string) {
	p.t.Helper()
	if leaf, _ := p.shown(name, nil); leaf.VerifyHostname(want) != nil {
		p.t.Errorf("for %s %v is shown, want %s", name, leaf.DNSNames, want)
	}
}

func TestAReloadTakesCertificatesOrKeepsThoseBeforeAndTheWaits(t *testing.T) {
	server := newMailServer(t, httptest.NewServer)
	dir, later := t.TempDir(), time.Now().Add(1000*time.Hour)
	password := filepath.Join(dir, "password")
	if err := os.WriteFile(password, []byte("right\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	writePFX(t, dir+"/first.pfx", "first.example.com", later, "right")
	writePFX(t, dir+"/second.pfx", "second.example.com", later, "right")
	writePFX(t, dir+"/ended.pfx", "ended.example.com", time.Now().Add(-time.Hour), "right")
	writePFX(t, dir+"/locked.pfx", "locked.example.com", later, "another")
	with := func(names ...string) string {
		var items []string
		for _, name := range names {
			items = append(items, fmt.Sprintf("{pfx: %s/%s.pfx, pfx_password_file: %s}", dir, name, password))
		}
		return "tls: {certs: [" + strings.Join(items, ", ") + "]}\n"
	}
	file := configFile(t, server.URL, with("first"))
	p := start(t, "--config", file)
	held := pingLater(t, p.address("edge"), "jo")
	soon(t, server.pings)
	p.expectShown("second.example.com", "first.example.com")

	for i, c := range []struct{ names, want string }{
		{"locked", "tls.certs[1].pfx_password_file: "},
		{"ended", "tls: edge: the certificate in " + dir + "/ended.pfx has expired on "},
	} {
		rewrite(t, file, server.URL, with("second", c.names)+"drain: 7s\n")
		p.signal(unix.SIGHUP)
		if failed := p.await(i+1, "", wasNotRead); !strings.Contains(failed.text("error"), c.want) {
			t.Errorf("got %v, want %s", failed, c.want)
		}
		p.expectShown("second.example.com", "first.example.com")
	}
	rewrite(t, file, server.URL, with("first", "second"))
	p.signal(unix.SIGHUP)
	if got := texts(p.await(1, "", wasRead), "changed"); got != "tls.certs" {
		t.Errorf("changed %s", got)
	}
	p.expectShown("second.example.com", "second.example.com")
	p.expectShown("elsewhere.example.com", "first.example.com")
	if got, err := strconv.ParseFloat(p.metric(`diastole_edge_certificate_not_after_timestamp_seconds{name="second.example.com"}`), 64); err != nil || int64(got) != later.Unix() {
		t.Errorf("it ends at %.0f, %v", got, err)
	}
	server.mail <- struct{}{}
	if a := soon(t, held); a.code != 200 || a.body != pingStatus2 {
		t.Errorf("the held Ping: %v", a)
	}
	p.reloaded("1", "1", "2")
}

func TestSessionsAreTakenUpAfterARestartWhereThereIsAPlaceForTheirKeys(t *testing.T) {
	server := newMailServer(t, httptest.NewServer)
	dir := t.TempDir()
	writePFX(t, dir+"/mail.pfx", "mail.example.com", time.Now().Add(time.Hour), "")
	for more, want := range map[string]bool{"": false, "state: {path: " + dir + "/state.db}\n": true} {
		file, sessions := configFile(t, server.URL, "tls: {pfx: "+dir+"/mail.pfx}\n"+more), tls.NewLRUClientSessionCache(1)
		for round := range 2 {
			p := start(t, "--config", file)
			_, resumed := p.shown("mail.example.com", sessions)
			if round == 1 && resumed != want {
				t.Errorf("with %q a session was taken up after a restart: %v", more, resumed)
			}
			p.signal(unix.SIGTERM)
			p.exit(exitOK)
		}
	}
	if info, err := os.Stat(dir + "/tls/tickets/keys.json"); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the keys: %v, %v", info, err)
	}
}
