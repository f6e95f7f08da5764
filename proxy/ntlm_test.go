package proxy

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/Azure/go-ntlmssp"

	"github.com/diastole/diastole/internal/lab"
)

// frontOf serves a Proxy over TLS in front of an upstream.
func frontOf(t *testing.T, upstream string) *httptest.Server {
	t.Helper()
	u, err := url.Parse(upstream)
	if err != nil {
		t.Fatal(err)
	}
	p := New(Config{Upstream: u})
	s := httptest.NewUnstartedServer(p)
	s.Config.ConnContext, s.Config.ConnState = p.lobby.ConnContext, p.lobby.ConnState
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

// whoAmI asks a path behind NTLM who the server takes us for; "" if it refused.
func whoAmI(ctx context.Context, rt http.RoundTripper, base, user, password string) (string, error) {
	var body io.Reader = strings.NewReader("<soap:Envelope/>")
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, base+"/EWS/Exchange.asmx", body)
	if err != nil {
		return "", err
	}
	if user != "" {
		r.SetBasicAuth(user, password)
	}
	res, err := rt.RoundTrip(r)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	name, err := io.ReadAll(res.Body)
	if res.StatusCode == http.StatusUnauthorized || err != nil {
		return "", err
	}
	if res.StatusCode != http.StatusOK {
		return "", fmt.Errorf("status %d: %s", res.StatusCode, name)
	}
	return strings.TrimSpace(string(name)), nil
}

// TestNoRequestIsEverServedUnderAnotherUsersName: a server that authenticates
// connections, 50 clients at once, kept-alive, aborted and reset connections,
// and strangers without any name who must never get one.
func TestNoRequestIsEverServedUnderAnotherUsersName(t *testing.T) {
	const clients, requests = 50, 30
	users := map[string]string{}
	for i := range clients {
		users[fmt.Sprintf("user%d", i)] = fmt.Sprintf("secret%d", i)
	}
	server := lab.NewServer(lab.ServerConfig{Users: users})
	t.Cleanup(server.Close)
	upstream, err := server.Listen(nil)
	if err != nil {
		t.Fatal(err)
	}
	// A kept connection that dies under one request in twenty.
	server.Inject(lab.Fault{Kind: lab.FaultReset, Match: func(r *lab.Request) bool {
		return r.Nth > 3 && rand.IntN(20) == 0
	}})
	front := frontOf(t, upstream)

	var named, refused, failed atomic.Int64
	var wg sync.WaitGroup
	client := func(user, password string) {
		base := front.Client().Transport.(*http.Transport).Clone()
		defer base.CloseIdleConnections()
		var rt http.RoundTripper = ntlmssp.Negotiator{RoundTripper: base}
		for i := range requests {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			if rand.IntN(8) == 0 { // gives up in the middle, wherever that is
				time.AfterFunc(rand.N(3*time.Millisecond), cancel)
			}
			asWhom, through := user, rt
			if i%3 == 2 { // on the authenticated connection, without a header
				asWhom, through = "", base
			}
			name, err := whoAmI(ctx, through, front.URL, asWhom, password)
			cancel()
			switch {
			case err != nil:
				failed.Add(1)
			case name == "":
				refused.Add(1)
			case name != user:
				t.Errorf("%q was served as %q", user, name)
			default:
				named.Add(1)
			}
		}
	}
	for user, password := range users {
		wg.Go(func() { client(user, password) })
	}
	for range 10 {
		wg.Go(func() { client("", "") }) // a stranger; any name at all is an error
	}
	wg.Wait()
	t.Logf("%d served under their own name, %d refused, %d broken off", named.Load(), refused.Load(), failed.Load())
	if named.Load() < clients*requests/3 {
		t.Errorf("only %d of %d requests were served: the test shows little", named.Load(), clients*requests)
	}
}

// TestBothLegsOfAnAuthenticatedConnectionEndTogether: when the server closes its
// side, the client must not go on believing that it is known.
func TestBothLegsOfAnAuthenticatedConnectionEndTogether(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(server.Close)
	front := frontOf(t, server.URL)
	base := front.Client().Transport.(*http.Transport).Clone()
	closed := make(chan struct{})
	base.DialTLSContext = closeTelling(base, closed)
	r, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, front.URL+"/EWS/", nil)
	r.Header.Set("Authorization", "Negotiate YII=")
	res, err := base.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	server.CloseClientConnections()
	select {
	case <-closed:
	case <-time.After(10 * time.Second):
		t.Fatal("the server closed its leg, the client's stayed open")
	}
}

// TestHTTP2CannotAuthenticateAConnection: one HTTP/2 connection may carry several
// users, so nothing is forwarded at all.
func TestHTTP2CannotAuthenticateAConnection(t *testing.T) {
	u, _ := url.Parse("http://127.0.0.1:1")
	r := httptest.NewRequest(http.MethodGet, "https://mail.example.test/EWS/", nil)
	r.Proto, r.ProtoMajor, r.ProtoMinor = "HTTP/2.0", 2, 0
	r.Header.Set("Authorization", "NTLM TlRMTVNTUAABAAAA")
	w := httptest.NewRecorder()
	New(Config{Upstream: u}).ServeHTTP(w, r)
	if w.Code != http.StatusMisdirectedRequest || !strings.Contains(w.Body.String(), "leave h2 out of tls.alpn") {
		t.Errorf("got %d %q", w.Code, w.Body)
	}
}
