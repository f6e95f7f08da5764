package jmap

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/diastole/diastole/internal/lab"
	"github.com/diastole/diastole/internal/wake"
)

// over runs the lab's server behind a real TLS listener.
func over(t *testing.T) (server *lab.Server, front *httptest.Server, asked *atomic.Int32) {
	t.Helper()
	server, asked = lab.NewServer(lab.ServerConfig{Users: map[string]string{"anna": "secret"}}), new(atomic.Int32)
	server.JMAP(lab.JMAPConfig{})
	front = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		if r.ProtoMajor != 1 {
			t.Error("HTTP/2: its header table keeps credentials")
		}
		server.ServeHTTP(w, r)
	}))
	front.EnableHTTP2 = true // offered, and not taken
	front.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	front.StartTLS()
	t.Cleanup(func() { server.Close(); front.CloseClientConnections(); front.Close() })
	return server, front, asked
}

func TestAChangeIsHeardOfOverTLSAndRealSockets(t *testing.T) {
	server, front, _ := over(t)
	roots := x509.NewCertPool()
	roots.AddCert(front.Certificate())
	s, err := New(Config{URL: front.URL, Roots: roots})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	heard := make(chan bool, 100)
	w := s.Watch(anna(), func(changed bool) { heard <- changed })
	defer w.Leave()
	if <-heard { // covered, then what was missed
		t.Error("a change before anything is covered")
	}
	if !<-heard || w.Covers() != wake.Inbox|wake.Mail|wake.Other {
		t.Errorf("covers %b", w.Covers())
	}
	if _, err := server.Deliver("anna", "", lab.Mail{}); err != nil {
		t.Fatal(err)
	}
	if !<-heard {
		t.Error("the delivery was told as something else")
	}
}

func TestACertificateThatIsNotBelievedSeesNoCredentials(t *testing.T) {
	_, front, asked := over(t)
	front.Config.ErrorLog = nil
	s, err := New(Config{URL: front.URL, Roots: x509.NewCertPool()})
	if err != nil {
		t.Fatal(err)
	}
	c := s.newClient(credentials{"anna", "secret"})
	defer c.close()
	if _, err := c.session(t.Context()); err == nil || asked.Load() != 0 {
		t.Errorf("%v, %d requests", err, asked.Load())
	}
	s.Close()
}
