package dav

import (
	"crypto/x509"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/diastole/diastole/internal/wake"
)

// over runs the server behind a real TLS listener.
func over(t *testing.T) (*server, *httptest.Server) {
	t.Helper()
	s := &server{t: t, password: "secret", tags: map[string]int{}}
	front := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor != 1 {
			t.Error("HTTP/2: its header table keeps credentials")
		}
		s.ServeHTTP(w, r)
	}))
	front.Config.ErrorLog = log.New(io.Discard, "", 0)
	front.EnableHTTP2 = true // offered, and not taken
	front.StartTLS()
	t.Cleanup(front.Close)
	return s, front
}

func TestAUserIsLookedAtOverTLSAndRealSockets(t *testing.T) {
	_, front := over(t)
	roots := x509.NewCertPool()
	roots.AddCert(front.Certificate())
	s, err := New(Config{URL: front.URL + "/SOGo/dav/", Roots: roots})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	heard := make(chan bool, 10)
	w := s.Watch(anna(), func(changed bool) { heard <- changed })
	defer w.Leave()
	if <-heard { // covered, then what was missed
		t.Error("a change before anything is covered")
	}
	if !<-heard || w.Covers() != wake.Other {
		t.Errorf("covers %b", w.Covers())
	}
}

func TestACertificateThatIsNotBelievedSeesNoCredentials(t *testing.T) {
	server, front := over(t)
	s, err := New(Config{URL: front.URL, Roots: x509.NewCertPool()})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	_, err = s.ask(t.Context(), credentials{"anna", "secret"})
	if f := failureOf(err); err == nil || f.why != "unreachable" || server.looks() != 0 {
		t.Errorf("%v", err)
	}
}
