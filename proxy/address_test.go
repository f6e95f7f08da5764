package proxy

import (
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// cameFrom is a request that comes from a peer with these lines.
func cameFrom(peer string, forwarded ...string) *http.Request {
	return &http.Request{RemoteAddr: peer, Header: http.Header{"X-Forwarded-For": forwarded}}
}

func believing(prefixes ...string) *Proxy {
	var trusted []netip.Prefix
	for _, p := range prefixes {
		trusted = append(trusted, netip.MustParsePrefix(p))
	}
	return New(Config{Upstream: &url.URL{Scheme: "http", Host: "up.test"}, Settings: Settings{ForwardedFrom: trusted}})
}

// Whatever a client writes into the header, and our proxy leaves there before what it adds.
func TestWhatAClientWritesNeverBecomesItsAddress(t *testing.T) {
	p := believing("192.0.2.0/24", "2001:db8::/32")
	defer p.Close()
	piece := rapid.SampledFrom([]string{"203.0.113.5", "192.0.2.1", "::1", "unknown", "", " ", "[2001:db8::1]:80", "_hidden", "203.0.113.5:80", "\x00", "\"", ",,"})
	rapid.Check(t, func(t *rapid.T) {
		lines := rapid.SliceOfN(rapid.Map(rapid.SliceOfN(piece, 0, 4), func(all []string) string { return strings.Join(all, ",") }), 0, 3).Draw(t, "lines")
		if got := p.clientAddress(cameFrom("203.0.113.9:1000", lines...)); got != netip.MustParseAddr("203.0.113.9") {
			t.Fatalf("%q from nobody we know: %s", lines, got)
		}
		added := append(lines, rapid.SampledFrom([]string{"198.51.100.7", " 198.51.100.7 ", "198.51.100.7:4711", "::ffff:198.51.100.7", "198.51.100.7, 192.0.2.8"}).Draw(t, "added"))
		if got := p.clientAddress(cameFrom("192.0.2.1:1000", added...)); got != netip.MustParseAddr("198.51.100.7") {
			t.Fatalf("%q: %s", added, got)
		}
	})
}

func TestOneSubscriberIsOneAddress(t *testing.T) {
	for addr, want := range map[string]string{
		"203.0.113.5": "203.0.113.5/32", "2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64", "::1": "::/64",
	} {
		if got := subscriber(netip.MustParseAddr(addr)); got.String() != want {
			t.Errorf("%s is of %s, want %s", addr, got, want)
		}
	}
	if got := subscriber(netip.Addr{}); got.IsValid() {
		t.Errorf("nobody is of %s", got)
	}
}
