package lab

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	ntlmssp "github.com/Azure/go-ntlmssp"
)

// outlook is a client with one connection that logs on with NTLM.
func outlook(p *Pipe) (*http.Client, *http.Transport) {
	t := &http.Transport{DialContext: p.Dial, MaxConnsPerHost: 1}
	return &http.Client{Transport: ntlmssp.Negotiator{RoundTripper: t}}, t
}

func ask(t *testing.T, c *http.Client, user, password string) (int, string, string) {
	t.Helper()
	r, _ := http.NewRequest(http.MethodPost, "http://lab/EWS/Exchange.asmx", strings.NewReader("<soap/>"))
	if user != "" {
		r.SetBasicAuth(user, password)
	}
	resp, err := c.Do(r)
	if err != nil {
		t.Error(err)
		return 0, "", ""
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, strings.TrimSpace(string(body)), resp.Header.Get("X-Lab-Connection")
}

func TestAConnectionBelongsToWhomNTLMAuthenticated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		users := map[string]string{}
		for i := range 10 {
			users[fmt.Sprintf("user%d", i)] = fmt.Sprintf("päss%d", i)
		}
		s, p := NewServer(ServerConfig{Users: users}), NewPipe()
		go s.Serve(p)
		defer s.Close()
		var all sync.WaitGroup
		for user, password := range users {
			all.Go(func() {
				c, transport := outlook(p)
				defer transport.CloseIdleConnections()
				code, name, first := ask(t, c, `LAB\`+user, password)
				if code != 200 || name != user {
					t.Errorf("%s: %d as %q", user, code, name)
				}
				plain := &http.Client{Transport: transport} // the same connection, no credentials
				if code, name, conn := ask(t, plain, "", ""); code != 200 || name != user || conn != first {
					t.Errorf("%s again: %d as %q on connection %s, before %s", user, code, name, conn, first)
				}
			})
		}
		all.Wait()
	})
}

func TestNTLMWithAWrongPasswordStays401(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, p := NewServer(ServerConfig{Users: map[string]string{"anna": "secret"}}), NewPipe()
		go s.Serve(p)
		defer s.Close()
		c, transport := outlook(p)
		defer transport.CloseIdleConnections()
		for user, password := range map[string]string{"anna": "Secret", "nobody": "secret"} {
			if code, _, _ := ask(t, c, user, password); code != 401 {
				t.Errorf("%s:%s got %d, want 401", user, password, code)
			}
		}
	})
}

func TestNTLMWithoutConnContextSaysWhatIsMissing(t *testing.T) {
	w := httptest.NewRecorder()
	NewServer(ServerConfig{}).ServeHTTP(w, httptest.NewRequest("GET", "/ews/exchange.asmx", nil))
	if w.Code != 500 || !strings.Contains(w.Body.String(), "ConnContext") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestNTLMMessagesThatAreNoneAreRefused(t *testing.T) {
	challenge := make([]byte, 8)
	for name, c := range map[string]struct {
		token string
		code  int
	}{
		"no base64":             {"%%%", 400},
		"no NTLM":               {"aGVsbG8gd29ybGQhIQ==", 400},
		"message 2":             {base64.StdEncoding.EncodeToString(ntlmChallenge(challenge)), 401},
		"message 3 out of line": {base64.StdEncoding.EncodeToString(append([]byte(ntlmSignature), 3, 0, 0, 0)), 401},
	} {
		s := NewServer(ServerConfig{})
		r := httptest.NewRequest("GET", "/rpc/rpcproxy.dll", nil)
		r = r.WithContext(s.ConnContext(r.Context(), nil))
		r.Header.Set("Authorization", "NTLM "+c.token)
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		if w.Code != c.code {
			t.Errorf("%s: %d, want %d", name, w.Code, c.code)
		}
	}
	for cut := range 60 { // every length of a message 3 that points behind its end
		msg := append(append([]byte(ntlmSignature), 3, 0, 0, 0), bytes.Repeat([]byte{0xff}, cut)...)
		if _, err := readNTLMResponse(msg); err == nil {
			t.Errorf("%d bytes were read as a response", len(msg))
		}
	}
}
