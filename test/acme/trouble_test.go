package acme

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/diastole/diastole/internal/edge"
)

func secretFile(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

const notIssued = "no certificate was issued, phones cannot connect to this name"

// failed waits for a failure and checks its label and what phones get meanwhile.
func (n *node) failed(reason, wayOut string) {
	n.t.Helper()
	line := n.said(notIssued)
	said := line.ContextMap()
	if why, _ := said["why"].(string); said["reason"] != reason || !strings.Contains(why, wayOut) {
		n.t.Errorf("it says %v", said)
	}
	if got := n.metric("acme_attempts_total", reason); got < 1 {
		n.t.Errorf("%v attempts counted as %s", got, reason)
	}
	if got := n.metric("certificates_missing", ""); got != 1 {
		n.t.Errorf("%v names are missing, want 1", got)
	}
	before := n.metric("handshake_failures_total", "no-certificate")
	if leaf, err := n.shake(name); err == nil {
		n.t.Errorf("a phone was shown %v", leaf.Subject)
	}
	for deadline := time.Now().Add(time.Minute); n.metric("handshake_failures_total", "no-certificate") != before+1; <-time.After(time.Millisecond) {
		if time.Now().After(deadline) {
			n.t.Fatal("the handshake was not counted as one without a certificate")
		}
	}
}

func TestAnAuthorityThatIsNotBelievedIsSaidWithTheWayOut(t *testing.T) {
	n := newNode(t)
	n.start(Start(t, Config{TLSPort: n.port}), func(cfg *edge.CertificatesConfig) { cfg.ACME.CARoot = "" })
	n.failed("ca-not-believed", "tls.acme.ca_root")
}

func TestAnAuthorityThatDoesNotAnswerIsSaid(t *testing.T) {
	n := newNode(t)
	n.start(&Authority{URL: "https://127.0.0.1:1/dir"}, nil)
	n.failed("unreachable", "tls.acme.ca")
}

func TestANameThatLeadsElsewhereIsSaid(t *testing.T) {
	n := newNode(t)
	n.start(Start(t, Config{}), nil)
	n.failed("challenge", "port 80 (tls.acme.http) or 443 (listen)")
}

// The authority says when; until then it is not asked, however often the pace of
// retries would.
func TestAnAuthorityThatHasHadEnoughIsLeftInPeace(t *testing.T) {
	n := newNode(t)
	a := Start(t, Config{TLSPort: n.port})
	a.Limit(time.Now().Add(time.Hour))
	n.start(a, nil)
	n.failed("rate-limited", "asked again later")
	if got := a.Orders.Load(); got != 1 {
		t.Errorf("%d orders, want 1", got)
	}
}

// shelf is one that can be taken away.
type shelf struct {
	edge.Shelf
	gone atomic.Bool
}

func (s *shelf) Get(ctx context.Context, key string) ([]byte, error) {
	if s.gone.Load() {
		return nil, errors.New("connection refused")
	}
	return s.Shelf.Get(ctx, key)
}

func TestAShelfThatIsGoneAtTheStartIsReadWhenItIsBack(t *testing.T) {
	n := newNode(t)
	a := Start(t, Config{TLSPort: n.port})
	n.start(a, nil)
	leaf := n.issued(name, nil)
	n.stop()
	a.Limit(time.Now().Add(time.Hour))
	asked := a.Orders.Load()
	var away *shelf
	n.start(a, func(cfg *edge.CertificatesConfig) {
		away = &shelf{Shelf: cfg.Shelf}
		away.gone.Store(true)
		cfg.Shelf = away
	})
	n.said("the place for certificates cannot be reached, and is tried again")
	if _, err := n.shake(name); err == nil {
		t.Error("a certificate is shown that nobody could read")
	}
	away.gone.Store(false)
	if again := n.issued(name, nil); !again.Equal(leaf) || a.Orders.Load() != asked {
		t.Errorf("another certificate, or the authority was asked: %d orders, want %d", a.Orders.Load(), asked)
	}
}

func TestARenewalThatFailsLeavesTheCertificateInUse(t *testing.T) {
	n := newNode(t)
	a := Start(t, Config{TLSPort: n.port})
	n.start(a, nil)
	leaf := n.issued(name, nil)
	a.Limit(time.Now().Add(time.Hour))
	a.Renew()
	line := n.said("a certificate was not renewed, the one before stays in use")
	if got := line.ContextMap()["reason"]; got != "rate-limited" {
		t.Errorf("reason %v", got)
	}
	if again, err := n.shake(name); err != nil || !again.Equal(leaf) {
		t.Errorf("after it: %v", err)
	}
	asked := a.Orders.Load()
	for range 20 { // twenty looks whether a renewal is due
		<-time.After(n.cfg.CheckEvery)
	}
	if got := a.Orders.Load(); got != asked {
		t.Errorf("%d orders, want %d", got, asked)
	}
}
