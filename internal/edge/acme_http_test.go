package edge

import (
	"bufio"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// sentOn is where the port for challenges sends the client of a request, "" for nowhere.
func sentOn(t *testing.T, head string) string {
	t.Helper()
	c := &challenges{}
	c.issues.Store(&issuing{ACME: ACME{Domains: []string{"mail.example.com"}}})
	r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(head)))
	if err != nil {
		return ""
	}
	w := httptest.NewRecorder()
	c.ServeHTTP(w, r)
	return w.Header().Get("Location")
}

func TestThePortForChallengesSendsNobodyElsewhere(t *testing.T) {
	for head, want := range map[string]string{
		"GET /owa?a=b HTTP/1.1\r\nHost: mail.example.com:80\r\n\r\n":       "https://mail.example.com/owa?a=b",
		"GET //evil.test/ HTTP/1.1\r\nHost: MAIL.example.com\r\n\r\n":      "https://mail.example.com//evil.test/",
		"GET a:.evil.test/ HTTP/1.1\r\nHost: mail.example.com\r\n\r\n":     "",
		"GET a:@evil.test/ HTTP/1.1\r\nHost: mail.example.com\r\n\r\n":     "",
		"GET / HTTP/1.1\r\nHost: evil.test\r\n\r\n":                        "",
		"GET http://evil.test/ HTTP/1.1\r\nHost: mail.example.com\r\n\r\n": "",
		"POST / HTTP/1.1\r\nHost: mail.example.com\r\n\r\n":                "",
	} {
		if got := sentOn(t, head); got != want {
			t.Errorf("%q is sent to %q, want %q", head, got, want)
		}
	}
}
