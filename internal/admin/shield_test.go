package admin

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
)

const token = "0123456789abcdef0123456789abcdef"

var paths = []string{"/", "/livez", "/readyz", "/metrics", "/debug/pprof/", "/nothing-here"}

func TestWithATokenNothingIsShownToStrangers(t *testing.T) {
	url := serve(t, Config{Token: token, Pprof: true})
	for _, path := range paths {
		for _, header := range []string{
			"X-None: 1",
			"Authorization: Bearer",
			"Authorization: Bearer " + token[1:],
			"Authorization: Bearer " + token + "0",
			"Authorization: Basic " + token,
			"Authorization: " + token,
		} {
			a := ask(t, "GET", url+path, header)
			if a.status != 401 || a.header.Get("WWW-Authenticate") != `Bearer realm="diastole admin"` ||
				a.body != "the bearer token of admin.token_file is needed: Authorization: Bearer TOKEN\n" {
				t.Errorf("%s with %q: %+v", path, header, a)
			}
		}
	}
}

func TestWithItsTokenEverythingIsAsWithout(t *testing.T) {
	url := serve(t, Config{Token: token, Pprof: true})
	for _, header := range []string{"Authorization: Bearer " + token, "Authorization: bearer  " + token} {
		for _, path := range paths[:5] {
			if a := ask(t, "GET", url+path, header); a.status != 200 {
				t.Errorf("%s with %q: %d", path, header, a.status)
			}
		}
	}
}

func TestEveryAnswerShieldsTheBrowser(t *testing.T) {
	url := serve(t, Config{Token: token})
	for _, header := range []string{"Authorization: Bearer " + token, "X-None: 1"} {
		for _, path := range paths {
			h := ask(t, "GET", url+path, header).header
			if h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Cache-Control") != "no-store" || h.Get("Referrer-Policy") != "no-referrer" ||
				!strings.HasPrefix(h.Get("Content-Security-Policy"), "default-src 'none';") {
				t.Errorf("%s: %v", path, h)
			}
		}
	}
}

func TestAHeadWithoutEndIsRefused(t *testing.T) {
	url := serve(t, Config{})
	c, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	// The server may hang up while we still write; what counts is its answer.
	go io.WriteString(c, "GET /livez HTTP/1.1\r\nHost: a\r\nX-Long: "+strings.Repeat("a", 4*headerBytes)+"\r\n\r\n")
	response, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("got %s", response.Status)
	}
}
