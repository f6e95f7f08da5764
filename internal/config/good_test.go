package config

import (
	"net/netip"
	"net/url"
	"path/filepath"
	"reflect"
	"testing"
	"time"
)

func good(t *testing.T, name string) *Config {
	t.Helper()
	c, err := Load("testdata/good/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func absolute(t *testing.T, path string) string {
	t.Helper()
	path, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func same(t *testing.T, got, want *Config) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestAFileWithOnlyAnUpstreamHasAllDefaults(t *testing.T) {
	want := Default()
	want.Upstream.URL = &url.URL{Scheme: "https", Host: "exchange.internal"}
	same(t, good(t, "minimal.yaml"), want)
}

func TestTheDefaultsAreThoseOfTheDocumentation(t *testing.T) {
	same(t, Default(), &Config{
		Listen: ":443",
		TLS:    TLS{ALPN: []string{"http/1.1"}},
		Admin:  Admin{Listen: "127.0.0.1:9180"},
		Drain:  25 * time.Second,
		Log:    Log{Level: "info", Format: "auto", Users: "hashed"},
	})
}

func TestEveryKeyReachesItsPlace(t *testing.T) {
	same(t, good(t, "full.yaml"), &Config{
		Listen: "[::1]:8443",
		TLS: TLS{
			Cert: absolute(t, "testdata/files/cert.pem"),
			Key:  absolute(t, "testdata/files/key.pem"),
			ALPN: []string{"h2", "http/1.1"},
		},
		Upstream: Upstream{
			URL:           &url.URL{Scheme: "https", Host: "Exchange.internal:8443", Path: "/eas"},
			CA:            absolute(t, "testdata/files/cert.pem"),
			LocationHosts: map[string]string{"exch01.internal": "mail.example.com", "exch02.internal": "mail2.example.com"},
		},
		Forwarded: Forwarded{Trusted: []netip.Prefix{
			netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("192.0.2.7/32"), netip.MustParsePrefix("192.0.2.9/32"),
		}},
		ProxyProtocol: ProxyProtocol{Trusted: []netip.Prefix{netip.MustParsePrefix("2001:db8::/32"), netip.MustParsePrefix("::1/128")}},
		Admin: Admin{
			Listen: "192.0.2.1:9180", TokenFile: absolute(t, "testdata/files/token"), Pprof: true, ReadyNeedsUpstream: true,
		},
		Drain: 90 * time.Second,
		Log:   Log{Level: "debug", Format: "console", Users: "plain"},
	})
}

func TestAFileFromAWindowsEditorIsReadLikeAnyOther(t *testing.T) {
	want := Default()
	want.Listen, want.Admin.Listen = "127.0.0.1:0", ""
	want.Upstream.URL = &url.URL{Scheme: "http", Host: "127.0.0.1:8080"}
	same(t, good(t, "windows.yaml"), want)
}

func TestASectionWithoutKeysSetsNothing(t *testing.T) {
	want := Default()
	want.Upstream.URL = &url.URL{Scheme: "http", Host: "[::1]:20000", Path: "/SOGo"}
	want.Upstream.LocationHosts = map[string]string{}
	want.Forwarded.Trusted = []netip.Prefix{}
	want.Admin.Listen = ""
	same(t, good(t, "commented_out.yaml"), want)
}

func TestCertificateAndKeyMayShareAFile(t *testing.T) {
	c := good(t, "one_file.yaml")
	if want := absolute(t, "testdata/files/both.pem"); c.TLS.Cert != want || c.TLS.Key != want {
		t.Errorf("got %+v", c.TLS)
	}
}
