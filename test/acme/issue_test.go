package acme

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/diastole/diastole/internal/edge"
)

// onHTTP gives a node a port for HTTP-01 and an authority that finds nobody on its TLS
// port.
func onHTTP(t *testing.T, n *node, c Config) *Authority {
	c.HTTPPort = FreePort(t)
	n.cfg.HTTP = fmt.Sprintf("127.0.0.1:%d", c.HTTPPort)
	return Start(t, c)
}

func TestACertificateIsIssuedByHTTP01(t *testing.T) {
	n := newNode(t)
	n.start(onHTTP(t, n, Config{}), nil)
	leaf := n.issued(name, nil)
	if got := n.metric("certificate_not_after_timestamp_seconds", name); got != float64(leaf.NotAfter.Unix()) {
		t.Errorf("not after %.0f, want %d", got, leaf.NotAfter.Unix())
	}
	if got := n.metric("acme_attempts_total", "obtained"); got != 1 {
		t.Errorf("%v obtained", got)
	}
	if got := n.metric("certificates_missing", ""); got != 0 {
		t.Errorf("%v missing", got)
	}
	n.said("certificate issued")
}

func TestTheHTTPPortSendsPeopleToHTTPSAndKnowsNoOtherName(t *testing.T) {
	n := newNode(t)
	n.start(onHTTP(t, n, Config{}), nil)
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	for _, c := range []struct {
		method, host, path string
		code               int
		location           string
	}{
		{"GET", "Mail.Example.com", "/owa?a=b", 301, "https://mail.example.com/owa?a=b"},
		{"GET", "mail.example.com:80", "/", 301, "https://mail.example.com/"},
		{"GET", "elsewhere.example.com", "/", 404, ""},
		{"POST", name, "/Microsoft-Server-ActiveSync", 403, ""},
		{"GET", name, "/.well-known/acme-challenge/nobody-asked", 404, ""},
	} {
		r, err := http.NewRequestWithContext(t.Context(), c.method, "http://"+n.cfg.HTTP+c.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Host = c.host
		answer, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != c.code || answer.Header.Get("Location") != c.location {
			t.Errorf("%s %s%s: %d %q", c.method, c.host, c.path, answer.StatusCode, answer.Header.Get("Location"))
		}
	}
}

func TestACertificateIsIssuedByTLSALPN01WhereClientsMustShowOne(t *testing.T) {
	n := newNode(t)
	a := Start(t, Config{TLSPort: n.port})
	n.start(a, func(cfg *edge.CertificatesConfig) { cfg.Clients = edge.Clients{CA: a.RootFile, Require: true} })
	n.said("certificate issued")
	if got := n.metric("handshake_failures_total", "other"); got != 0 {
		t.Errorf("the authority's own connections count as %v failures", got)
	}
}

func TestSeveralNamesHaveACertificateEachAndAStrangerGetsTheFirst(t *testing.T) {
	n := newNode(t)
	n.cfg.Domains = []string{name, other}
	n.start(Start(t, Config{TLSPort: n.port}), nil)
	first, second := n.issued(name, nil), n.issued(other, nil)
	if first.Equal(second) {
		t.Error("one certificate for both")
	}
	if leaf, err := n.shake("10.0.0.1"); err != nil || !leaf.Equal(first) {
		t.Errorf("without a name: %v, %v", leaf, err)
	}
}

func TestAnExternalAccountIsBound(t *testing.T) {
	const key = "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W"
	for _, c := range []struct{ what, id, want string }{
		{"the right one", "kid-1", "certificate issued"},
		{"none", "", notIssued},
		{"an unknown one", "kid-2", notIssued},
	} {
		t.Run(c.what, func(t *testing.T) {
			n := newNode(t)
			a := Start(t, Config{TLSPort: n.port, EAB: map[string]string{"kid-1": key}})
			if c.id != "" {
				n.cfg.EABKeyID, n.cfg.EABKeyFile = c.id, secretFile(t, key+"\n")
			}
			n.start(a, nil)
			if line := n.said(c.want); c.want == notIssued && line.ContextMap()["reason"] != "account" {
				t.Errorf("it says %v", line.ContextMap())
			}
		})
	}
}

// The authority comes by a balancer, to whichever node it likes.
func TestANodeAnswersForAnotherThatSharesItsShelf(t *testing.T) {
	asking, answering := newNode(t), newNode(t)
	answering.dir = asking.dir
	a := Start(t, Config{TLSPort: answering.port})
	resume := a.Pause()
	asking.start(a, nil)
	for deadline := time.Now().Add(time.Minute); a.Orders.Load() == 0; <-time.After(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the first node asks for nothing")
		}
	}
	answering.start(a, nil) // it waits for the lock that the first has
	resume()
	leaf := asking.issued(name, nil)
	if again := answering.issued(name, nil); !again.Equal(leaf) {
		t.Error("two nodes show two certificates")
	}
	if got := a.Orders.Load(); got != 1 {
		t.Errorf("%d orders, want 1", got)
	}
}

func TestARestartUsesWhatWasIssuedAndAsksNobody(t *testing.T) {
	n := newNode(t)
	a := Start(t, Config{TLSPort: n.port})
	n.start(a, nil)
	leaf := n.issued(name, nil)
	n.stop()
	a.Limit(time.Now().Add(time.Hour))
	asked := a.Orders.Load()
	n.start(a, nil)
	if again, err := n.shake(name); err != nil || !again.Equal(leaf) {
		t.Errorf("the first handshake: %v", err)
	}
	if got := a.Orders.Load(); got != asked {
		t.Errorf("%d orders, want %d", got, asked)
	}
	n.said("certificate in use")
}
