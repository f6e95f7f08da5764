package main

import (
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// mailServer is as much of an upstream as these tests need: it knows OPTIONS,
// holds every Ping until there is mail and holds /slow until it is released.
type mailServer struct {
	*httptest.Server
	pings   chan string   // user of each Ping that arrived
	gone    chan string   // user of each Ping that was broken off
	mail    chan struct{} // one Ping is answered: something has changed
	slow    chan struct{} // a /slow arrived
	release chan struct{} // closed: /slow is answered
}

func newMailServer(t *testing.T, begin func(http.Handler) *httptest.Server) *mailServer {
	t.Helper()
	m := &mailServer{pings: make(chan string, 16), gone: make(chan string, 16), mail: make(chan struct{}),
		slow: make(chan struct{}, 16), release: make(chan struct{})}
	mux := http.NewServeMux()
	mux.HandleFunc("/Microsoft-Server-ActiveSync", m.activeSync)
	mux.HandleFunc("/slow", func(w http.ResponseWriter, r *http.Request) {
		m.slow <- struct{}{}
		select {
		case <-m.release:
			io.WriteString(w, "at last")
		case <-r.Context().Done():
		}
	})
	m.Server = begin(mux)
	m.Config.ErrorLog = log.New(io.Discard, "", 0) // a client that refuses the certificate is a test's wish
	t.Cleanup(func() {
		m.CloseClientConnections()
		m.Close()
	})
	return m
}

func (m *mailServer) activeSync(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodOptions {
		w.Header().Set("MS-ASProtocolVersions", "2.5,12.0,12.1,14.0,14.1")
		return
	}
	user, _, _ := r.BasicAuth()
	io.Copy(io.Discard, r.Body)
	m.pings <- user
	select {
	case <-m.mail:
		w.Header().Set("Content-Type", "application/vnd.ms-sync.wbxml")
		io.WriteString(w, pingStatus2)
	case <-r.Context().Done():
		m.gone <- user
	}
}

// configFile writes a configuration for tests: free ports, this upstream, and more.
func configFile(t *testing.T, upstream, more string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "diastole.yaml")
	rewrite(t, file, upstream, more)
	return file
}

// rewrite writes a configuration file anew.
func rewrite(t *testing.T, file, upstream, more string) {
	t.Helper()
	text := "upstream:\n  url: " + upstream + "\n" + more
	if !strings.Contains(more, "listen: ") || strings.HasPrefix(more, "admin:") {
		text += "listen: 127.0.0.1:0\n"
	}
	if !strings.Contains(more, "admin:") {
		text += "admin: {listen: 127.0.0.1:0}\n"
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// phone is a client that trusts every certificate and keeps no connection.
func phone(t *testing.T) *http.Client {
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// reply is an answer, read to its end.
type reply struct {
	code   int
	body   string
	header http.Header
	err    error
}

func (r reply) String() string { return fmt.Sprintf("%d %q %v", r.code, r.body, r.err) }

func do(c *http.Client, r *http.Request) reply {
	answer, err := c.Do(r)
	if err != nil {
		return reply{err: err}
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	return reply{answer.StatusCode, string(body), answer.Header, err}
}

func get(t *testing.T, url string) reply {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), "GET", url, nil)
	if err != nil {
		t.Fatal(err)
	}
	return do(phone(t), r)
}

// getLater is get in the background.
func getLater(t *testing.T, url string) <-chan reply {
	t.Helper()
	later := make(chan reply, 1)
	go func() { later <- get(t, url) }()
	return later
}

const (
	// Ping with a heartbeat interval of 480 s (MS-ASCMD 2.2.1.13).
	pingBody = "\x03\x01\x6a\x00\x00\x0d\x45\x48\x03480\x00\x01\x01"
	// The answer "nothing new": Status 1.
	pingStatus1 = "\x03\x01\x6a\x00\x00\x0d\x45\x47\x031\x00\x01\x01"
	// The answer "something has changed": Status 2 and the folder 5.
	pingStatus2 = "\x03\x01\x6a\x00\x00\x0d\x45\x47\x032\x00\x01\x49\x4a\x035\x00\x01\x01\x01"
)

// soon is the next value of a channel; a test fails where it would wait for ever.
func soon[T any](t *testing.T, from <-chan T) T {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(patience):
		t.Fatal("nothing came")
		panic("unreachable")
	}
}

// pingLater sends a Ping, which waits.
func pingLater(t *testing.T, address, user string) <-chan reply {
	t.Helper()
	url := "https://" + address + "/Microsoft-Server-ActiveSync?Cmd=Ping&User=" + user + "&DeviceId=handset1&DeviceType=iPhone"
	r, err := http.NewRequestWithContext(t.Context(), "POST", url, strings.NewReader(pingBody))
	if err != nil {
		t.Fatal(err)
	}
	r.SetBasicAuth(user, "password")
	r.Header.Set("Content-Type", "application/vnd.ms-sync.wbxml")
	later := make(chan reply, 1)
	go func() { later <- do(phone(t), r) }()
	return later
}
