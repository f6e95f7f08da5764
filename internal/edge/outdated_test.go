package edge

import (
	"bufio"
	"crypto/tls"
	"encoding/pem"
	"io"
	"net/http"
	"path/filepath"
	"testing"
)

// clientAuthorities is a file with one, for tls.clients.ca.
func clientAuthorities(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "clients.pem")
	write(t, path, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: newAuthority(t).root.Raw}))
	return path
}

// Who was let in without a certificate would otherwise stay for as long as he asks once
// in five minutes.
func TestAConnectionFromBeforeClientsWereAskedForCertificatesIsClosedAfterItsNextAnswer(t *testing.T) {
	l := showing(t, TLS{})
	asked := TLS{Clients: Clients{CA: clientAuthorities(t), Require: true}}
	early := l.connect()
	l.ask(early, get)
	if err := l.certs.Apply(TLS{}); err != nil {
		t.Fatal(err)
	}
	l.ask(early, get) // nothing has changed for it
	l.ask(early, get)
	if err := l.certs.Apply(asked); err != nil {
		t.Fatal(err)
	}
	l.ask(early, get)
	expectEOF(t, early)
}

func TestOnHTTP2AConnectionFromBeforeTakesNoFurtherRequest(t *testing.T) {
	l := start(t, func(cfg *Config) { cfg.ALPN = []string{"h2"} })
	protocols := new(http.Protocols)
	protocols.SetHTTP2(true)
	transport := &http.Transport{Protocols: protocols, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
	defer transport.CloseIdleConnections()
	ask := func() error {
		answer, err := (&http.Client{Transport: transport}).Get("https://" + l.Addr().String() + "/")
		if err != nil {
			return err
		}
		defer answer.Body.Close()
		_, err = io.Copy(io.Discard, answer.Body)
		return err
	}
	for range 2 {
		if err := ask(); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.certs.Apply(TLS{Clients: Clients{CA: clientAuthorities(t), Require: true}}); err != nil {
		t.Fatal(err)
	}
	if err := ask(); err != nil {
		t.Error(err)
	}
	if err := ask(); err == nil {
		t.Error("it went on without a certificate")
	}
}

func TestAConnectionThatWasTakenOverKnowsThatItIsOutdated(t *testing.T) {
	l, lot := startParking(t, nil)
	c := l.connect()
	send(t, c, "GET /park HTTP/1.1\r\nHost: x\r\n\r\n")
	p := <-lot
	outdated := p.Conn.(interface{ Outdated() bool }).Outdated
	if outdated() {
		t.Error("nothing has changed")
	}
	if err := l.certs.Apply(TLS{Clients: Clients{CA: clientAuthorities(t)}}); err != nil {
		t.Fatal(err)
	}
	if !outdated() {
		t.Error("it goes on as it came")
	}
	p.answer("bye")
	l.read(bufio.NewReader(c))
	p.giveBack("")
	l.ask(c, "GET /next HTTP/1.1\r\nHost: x\r\n\r\n")
	expectEOF(t, c)
}
