package acme

import (
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/letsencrypt/pebble/v2/ca"
	"github.com/letsencrypt/pebble/v2/db"
	"github.com/letsencrypt/pebble/v2/va"
	"github.com/letsencrypt/pebble/v2/wfe"
	"github.com/miekg/dns"
)

// Config is what an authority is like.
type Config struct {
	HTTPPort, TLSPort int               // where it looks for answers; 0: at a port where nobody is
	EAB               map[string]string // external accounts that are wanted: key identifier -> key, base64url; nil: none
}

// Authority is a running one.
type Authority struct {
	URL      string       // of its directory
	RootFile string       // PEM, who signed its own server
	Orders   atomic.Int64 // asked for; one whose nonce was refused is none

	limited atomic.Pointer[string] // what a refused order is told; nil: none is refused
	pausing sync.RWMutex           // locked: orders wait
	mu      sync.Mutex
	due     bool // certificates are to be renewed at once
}

// Pebble's own ways to be rude would make some runs of a test another than the rest;
// its refused nonces (one in twenty) stay, as every client must bear them.
var patience = map[string]string{"PEBBLE_VA_NOSLEEP": "1", "PEBBLE_AUTHZREUSE": "0"}

// Start runs an authority until the test is over.
func Start(t testing.TB, c Config) *Authority {
	t.Helper()
	for name, value := range patience {
		if err := os.Setenv(name, value); err != nil {
			t.Fatal(err)
		}
	}
	for _, port := range []*int{&c.HTTPPort, &c.TLSPort} {
		if *port == 0 {
			*port = FreePort(t)
		}
	}
	quiet, store := log.New(io.Discard, "", 0), db.NewMemoryStore()
	for id, key := range c.EAB {
		if err := store.AddExternalAccountKeyByID(id, key); err != nil {
			t.Fatal(err)
		}
	}
	signer := ca.New(quiet, store, "", "ecdsa", 0, 1, map[string]ca.Profile{"default": {Description: "three months", ValidityPeriod: 90 * 86400}})
	checker := va.New(quiet, c.HTTPPort, c.TLSPort, false, resolver(t), store)
	front := wfe.New(quiet, store, checker, signer, []string{"pebble.letsencrypt.org"}, false, len(c.EAB) > 0, 1, 1)
	a := &Authority{}
	server := httptest.NewTLSServer(a.front(front.Handler()))
	t.Cleanup(server.Close)
	a.URL = server.URL + wfe.DirectoryPath
	a.RootFile = filepath.Join(t.TempDir(), "ca-root.pem")
	root := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := os.WriteFile(a.RootFile, root, 0o600); err != nil {
		t.Fatal(err)
	}
	return a
}

// Limit refuses further orders as Let's Encrypt does, with a time after which they are
// welcome. The zero time takes orders again.
func (a *Authority) Limit(until time.Time) {
	if until.IsZero() {
		a.limited.Store(nil)
		return
	}
	detail := fmt.Sprintf("too many certificates (5) already issued for this exact set of identifiers in the last 168h0m0s, retry after %s UTC: "+
		"see https://letsencrypt.org/docs/rate-limits/", until.UTC().Format(time.DateTime))
	a.limited.Store(&detail)
}

// Pause lets orders wait, until resume is called.
func (a *Authority) Pause() (resume func()) {
	a.pausing.Lock()
	return a.pausing.Unlock
}

// Renew makes the authority want the certificates back that it has issued (RFC 9773),
// as it does before it has to revoke them, until the next one is ordered.
func (a *Authority) Renew() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.due = true
}

func (a *Authority) front(pebble http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/order-plz":
			a.Orders.Add(1)
			a.pausing.RLock()
			defer a.pausing.RUnlock()
			if detail := a.limited.Load(); detail != nil {
				refuse(w, *detail)
				return
			}
			a.mu.Lock()
			a.due = false
			a.mu.Unlock()
			answer := &coded{ResponseWriter: w}
			pebble.ServeHTTP(answer, r)
			if answer.code == http.StatusBadRequest { // RFC 8555 6.5: a client sends it again
				a.Orders.Add(-1)
			}
			return
		case strings.Contains(r.URL.Path, "/renewalInfo/"):
			a.renewalInfo(w)
			return
		}
		pebble.ServeHTTP(w, r)
	})
}

// coded remembers the code of an answer.
type coded struct {
	http.ResponseWriter
	code int
}

func (c *coded) WriteHeader(code int) {
	c.code = code
	c.ResponseWriter.WriteHeader(code)
}

func refuse(w http.ResponseWriter, detail string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("Replay-Nonce", "none-that-is-taken")
	w.Header().Set("Retry-After", "3600")
	w.WriteHeader(http.StatusTooManyRequests)
	fmt.Fprintf(w, `{"type": "urn:ietf:params:acme:error:rateLimited", "status": 429, "detail": %q}`, detail)
}

// renewalInfo answers when a certificate is to be renewed: in some weeks, or an hour ago.
// Pebble's own answer is not to be asked for again for six hours.
func (a *Authority) renewalInfo(w http.ResponseWriter) {
	a.mu.Lock()
	start := time.Now().Add(30 * 24 * time.Hour)
	if a.due {
		start = time.Now().Add(-2 * time.Hour)
	}
	a.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Retry-After", "1")
	fmt.Fprintf(w, `{"suggestedWindow": {"start": %q, "end": %q}}`,
		start.UTC().Format(time.RFC3339), start.Add(time.Hour).UTC().Format(time.RFC3339))
}

// resolver finds every name at 127.0.0.1.
func resolver(t testing.TB) string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &dns.Server{Listener: listener, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, r *dns.Msg) {
		answer := new(dns.Msg)
		answer.SetReply(r)
		if q := r.Question[0]; q.Qtype == dns.TypeA {
			answer.Answer = append(answer.Answer, &dns.A{Hdr: dns.RR_Header{Name: q.Name, Rrtype: dns.TypeA, Class: dns.ClassINET}, A: net.IPv4(127, 0, 0, 1)})
		}
		_ = w.WriteMsg(answer)
	})}
	go func() { _ = server.ActivateAndServe() }()
	t.Cleanup(func() { _ = server.Shutdown() })
	return listener.Addr().String()
}

// FreePort is a port that nobody has: an authority must know it before its owner does.
func FreePort(t testing.TB) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}
