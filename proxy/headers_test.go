package proxy

import (
	"bufio"
	"crypto/tls"
	"maps"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/diastole/diastole/internal/lab"
)

// goesUp is the header that a request with these lines goes up with, X-Forwarded-*
// left out.
func goesUp(t *testing.T, lines ...string) http.Header {
	t.Helper()
	out := headerOf(t, nil, "203.0.113.9:4711", lines...)
	for _, name := range []string{"X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto"} {
		delete(out, name)
	}
	return out
}

func headerOf(t *testing.T, trusted []netip.Prefix, peer string, lines ...string) http.Header {
	t.Helper()
	raw := "POST /x HTTP/1.1\r\nHost: mail.example.test\r\n" + strings.Join(lines, "\r\n") + "\r\n\r\n"
	if len(lines) == 0 {
		raw = "POST /x HTTP/1.1\r\nHost: mail.example.test\r\n\r\n"
	}
	r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(raw)))
	if err != nil {
		t.Fatal(err)
	}
	r.RemoteAddr = peer
	p := New(Config{Upstream: &url.URL{Scheme: "http", Host: "up.test"}, Settings: Settings{ForwardedFrom: trusted}})
	return p.requestHeader(r)
}

func TestHeadersOfOneConnectionStayOnIt(t *testing.T) {
	got := goesUp(t, "Connection: close, X-Own, , keep-alive", "X-Own: 1", "X-Other: 2", "Keep-Alive: timeout=5", "Proxy-Connection: x", "Proxy-Authorization: Basic x",
		"Proxy-Authenticate: y", "Upgrade: h2c", "HTTP2-Settings: AAA", "TE: trailers, deflate;q=0.5", "Trailer: X-Sum")
	if want := (http.Header{"X-Other": {"2"}, "TE": {"trailers"}}); !maps.EqualFunc(got, want, slices.Equal) {
		t.Errorf("what goes up is %v, want %v", got, want)
	}
	if got := goesUp(t, "TE: deflate", "Connection: TE"); len(got) != 0 {
		t.Errorf("what goes up is %v, want nothing", got)
	}
}

// Whatever a client says of its body, what goes up frames the body that goes up.
func TestConnectionCannotTakeTheFramingAway(t *testing.T) {
	for name, lines := range map[string]string{
		"listed":                "Connection: Content-Length\r\nContent-Length: 4\r\n\r\nbody",
		"listed in lower case":  "Connection: close, content-length\r\nContent-Length: 4\r\n\r\nbody",
		"listed before chunks":  "Connection: Transfer-Encoding\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n",
		"said twice":            "Content-Length: 4\r\nContent-Length: 4\r\n\r\nbody",
		"said with zeroes":      "Content-Length: 0004\r\n\r\nbody",
		"disguised":             "Content_Length: 40\r\nContent-Length: 4\r\n\r\nbody",
		"disguised as encoding": "Transfer_Encoding: chunked\r\nContent-Length: 4\r\n\r\nbody",
	} {
		for _, path := range []string{"/owa/", "/Microsoft-Server-ActiveSync?Cmd=Sync", "/Microsoft-Server-ActiveSync?Cmd=Ping"} {
			t.Run(name+path, func(t *testing.T) {
				s := onSockets(t, lab.Answer("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"))
				phone := s.call()
				phone.send("POST " + path + " HTTP/1.1\r\nHost: h\r\n" + lines)
				phone.reply()
				got := s.sent(1)[0]
				if string(got.Body) != "body" || len(got.Values("Content-Length"))+len(got.Values("Transfer-Encoding")) != 1 || got.Has("Content_Length") {
					t.Errorf("it went up as %q with %q", got.Head, got.Body)
				}
			})
		}
	}
}

func TestSpellingOfTheSpecificationsGoesUp(t *testing.T) {
	for canonical, name := range spelling {
		if http.CanonicalHeaderKey(name) != canonical {
			t.Errorf("%s is filed under %s, net/http makes %s of it", name, canonical, http.CanonicalHeaderKey(name))
		}
		if name == "TE" || strings.HasPrefix(name, "X-Forwarded-") {
			continue // these have rules of their own
		}
		for _, sent := range []string{name, strings.ToLower(name), strings.ToUpper(name)} {
			if got := goesUp(t, sent+": v"); len(got) != 1 || len(got[name]) != 1 {
				t.Errorf("%s went up as %v, want %s", sent, got, name)
			}
		}
	}
	if got := goesUp(t, "x-INVENTED-by-us: v"); got["X-Invented-By-Us"] == nil {
		t.Errorf("an invented name went up as %v", got)
	}
}

func TestNamesInDisguiseAreDropped(t *testing.T) {
	for name, dropped := range map[string]bool{
		"Content_Length": true, "content_length": true, "Transfer_Encoding": true, "X_Forwarded_For": true, "X-Forwarded_Proto": true, "X.Forwarded.For": true, "Transfer~Encoding": true, "x_forwarded_anything": true,
		"Proxy_Authorization": true, "Connection_": false, "X_Custom": false, "client_request_id": false,
	} {
		if got := goesUp(t, name+": v"); (len(got) == 0) != dropped {
			t.Errorf("%s goes up as %v", name, got)
		}
	}
}

func TestForwardedSaysWhoTheClientIs(t *testing.T) {
	trusted := []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24"), netip.MustParsePrefix("2001:db8::/32"), netip.MustParsePrefix("fe80::/10")}
	claims := []string{"X-Forwarded-For: 6.6.6.6", "X-Forwarded-For: 7.7.7.7", "X-Forwarded-Proto: https", "X-Forwarded-Host: evil.test", "Forwarded: for=6.6.6.6"}
	for name, c := range map[string]struct {
		peer                string
		lines               []string
		who, proto, host, f string
	}{
		"a stranger":                {"203.0.113.9:4711", nil, "203.0.113.9", "http", "mail.example.test", ""},
		"a stranger who claims":     {"203.0.113.9:4711", claims, "203.0.113.9", "http", "mail.example.test", ""},
		"a listed peer":             {"198.51.100.7:1", claims, "6.6.6.6, 7.7.7.7, 198.51.100.7", "https", "evil.test", "for=6.6.6.6"},
		"a listed peer, no claims":  {"198.51.100.7:1", nil, "198.51.100.7", "http", "mail.example.test", ""},
		"listed, IPv4 in IPv6":      {"[::ffff:198.51.100.7]:1", claims[:2], "6.6.6.6, 7.7.7.7, 198.51.100.7", "http", "mail.example.test", ""},
		"listed, IPv6":              {"[2001:db8::1]:1", claims[:1], "6.6.6.6, 2001:db8::1", "http", "mail.example.test", ""},
		"a stranger, IPv6":          {"[2001:db9::1]:1", claims, "2001:db9::1", "http", "mail.example.test", ""},
		"listed, with a zone":       {"[fe80::1%eth0]:1", claims[:1], "6.6.6.6, fe80::1", "http", "mail.example.test", ""},
		"no address at all":         {"pipe", claims, "", "http", "mail.example.test", ""},
		"a stranger strips himself": {"203.0.113.9:1", []string{"Connection: X-Forwarded-For, X-Forwarded-Proto"}, "203.0.113.9", "http", "mail.example.test", ""},
		"a stranger in disguise":    {"203.0.113.9:1", []string{"X_Forwarded_For: 6.6.6.6"}, "203.0.113.9", "http", "mail.example.test", ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := headerOf(t, trusted, c.peer, c.lines...)
			for name, want := range map[string]string{"X-Forwarded-For": c.who, "X-Forwarded-Proto": c.proto, "X-Forwarded-Host": c.host, "Forwarded": c.f} {
				if strings.Join(got[name], "|") != want {
					t.Errorf("%s is %q, want %q", name, got[name], want)
				}
				if got["X_forwarded_for"] != nil {
					t.Error("the disguise goes up")
				}
			}
		})
	}
	t.Run("over TLS", func(t *testing.T) {
		p := New(Config{Upstream: &url.URL{Scheme: "http", Host: "up.test"}})
		r, _ := http.ReadRequest(bufio.NewReader(strings.NewReader("GET / HTTP/1.1\r\nHost: h\r\n\r\n")))
		r.TLS = &tls.ConnectionState{}
		if got := p.requestHeader(r)["X-Forwarded-Proto"]; !slices.Equal(got, []string{"https"}) {
			t.Errorf("X-Forwarded-Proto is %q", got)
		}
	})
}
