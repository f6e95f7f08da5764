package proxy

import (
	"net/url"
	"testing"

	"github.com/diastole/diastole/internal/lab"
)

func TestLocationIsRewrittenForConfiguredHostsOnly(t *testing.T) {
	p := New(Config{Upstream: &url.URL{Scheme: "http", Host: "up.test"}, Settings: Settings{LocationHosts: map[string]string{"exch01.internal": "mail.example.test", "exch02.internal": "mail.example.test:8443"}}})
	for from, want := range map[string]string{
		"https://exch01.internal/Microsoft-Server-ActiveSync":       "https://mail.example.test/Microsoft-Server-ActiveSync",
		"http://EXCH01.Internal:443/Microsoft-Server-ActiveSync?a=": "https://mail.example.test/Microsoft-Server-ActiveSync?a=",
		"https://exch02.internal/a%2Fb":                             "https://mail.example.test:8443/a%2Fb",
		"https://evil.test/exch01.internal":                         "https://evil.test/exch01.internal",
		"https://exch01.internal.evil.test/":                        "https://exch01.internal.evil.test/",
		"https://exch01.internal@evil.test/":                        "https://exch01.internal@evil.test/",
		"/Microsoft-Server-ActiveSync":                              "/Microsoft-Server-ActiveSync",
		"":                                                          "",
		"://":                                                       "://",
		"exch01.internal":                                           "exch01.internal",
		"HTTPS://Other.Test/X":                                      "HTTPS://Other.Test/X",
	} {
		if got := p.location(from); got != want {
			t.Errorf("%s becomes %s, want %s", from, got, want)
		}
	}
}

func TestLocationOfA451(t *testing.T) {
	answer := lab.Answer("HTTP/1.1 451 Redirect\r\nX-MS-Location: https://exch01.internal/Microsoft-Server-ActiveSync\r\nLocation: https://exch01.internal/\r\nContent-Length: 0\r\n\r\n")
	hosts := func(c *Config) { c.LocationHosts = map[string]string{"exch01.internal": "mail.example.test"} }
	for _, p := range []post{{cmd: "Ping", body: pingOf("480")}, {cmd: "FolderSync", body: []byte("x")}} {
		got := onSockets(t, answer, hosts).ask(p)
		if l := got.header.Get("X-MS-Location"); got.code != 451 || l != "https://mail.example.test/Microsoft-Server-ActiveSync" {
			t.Errorf("%s: %d to %s", p.cmd, got.code, l)
		}
		if l := got.header.Get("Location"); l != "https://exch01.internal/" {
			t.Errorf("Location became %s: nobody has asked for that", l)
		}
		if l := onSockets(t, answer).ask(p).header.Get("X-MS-Location"); l != "https://exch01.internal/Microsoft-Server-ActiveSync" {
			t.Errorf("with nothing configured it became %s", l)
		}
	}
}
