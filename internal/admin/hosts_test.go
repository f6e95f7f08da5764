package admin

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"
)

func TestOnLoopbackOnlyItsOwnNamesAreAnswered(t *testing.T) {
	for host, want := range map[string]bool{
		"": true, "localhost": true, "LOCALHOST:9180": true, "diastole.localhost": true, "localhost.": true, "127.0.0.1": true, "127.8.9.1:80": true,
		"[::1]:9180": true, "[::1]": true, "::ffff:127.0.0.1": true, "push.example.com": true, "Push.Example.com:443": true,
		"evil.example": false, "localhost.evil.example": false, "notlocalhost": false, "192.0.2.1": false, "127.0.0.1.evil.example": false,
		"[2001:db8::1]:9180": false, "push.example.com.evil.example": false, "0.0.0.0": false,
	} {
		if got := isOurs(host, []string{"push.example.com"}); got != want {
			t.Errorf("%q: %t", host, got)
		}
	}
}

// A page whose name was pointed at this machine after it was loaded.
func TestARebindingPageReadsNothing(t *testing.T) {
	address := strings.TrimPrefix(newLearned().serve(t), "http://")
	for _, path := range []string{"/", "/metrics", "/api/v1/devices", "/api/v1/forget", "/livez"} {
		r, err := http.NewRequestWithContext(t.Context(), "GET", "http://"+address+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Host = "evil.example"
		transport := &http.Transport{DisableKeepAlives: true}
		response, err := transport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != http.StatusMisdirectedRequest || response.Header.Get("Content-Type") != "application/problem+json" ||
			response.Header.Get("Content-Security-Policy") == "" {
			t.Errorf("%s: %s %v", path, response.Status, response.Header)
		}
	}
}

func TestOffLoopbackTheTokenIsEnough(t *testing.T) {
	next := http.NewServeMux()
	for address, checked := range map[string]bool{"127.0.0.1:1": true, "[::1]:1": true, "192.0.2.1:1": false, "[::]:1": false} {
		listen := net.TCPAddrFromAddrPort(mustAddrPort(t, address))
		if _, same := named(listen, nil, next).(*http.ServeMux); same == checked {
			t.Errorf("%s: checked %t, want %t", address, !same, checked)
		}
	}
}

func TestAPageOfAnotherSiteCannotUseWhatIsHere(t *testing.T) {
	address := newLearned().serve(t)
	for site, want := range map[string]int{"same-origin": 200, "none": 200, "cross-site": 403, "same-site": 403} {
		for _, path := range []string{"/api/v1/fleet", "/api/v1/devices", "/metrics", "/readyz", "/livez"} {
			if a := ask(t, "GET", address+path, "Sec-Fetch-Site: "+site); a.status != want {
				t.Errorf("%s from %s: %d", path, site, a.status)
			}
			// A link in a wiki leads to a page, and an address of the API is none.
			followed := ask(t, "GET", address+path, "Sec-Fetch-Site: "+site, "Sec-Fetch-Dest: document")
			if link := !strings.HasPrefix(path, "/api/"); link && followed.status != http.StatusOK || !link && followed.status != want {
				t.Errorf("a link from %s to %s: %d", site, path, followed.status)
			}
		}
	}
}

func mustAddrPort(t *testing.T, text string) netip.AddrPort {
	t.Helper()
	a, err := netip.ParseAddrPort(text)
	if err != nil {
		t.Fatal(err)
	}
	return a
}
