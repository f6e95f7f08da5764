package config

import (
	"net/netip"
	"net/url"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/diastole/diastole/policy"
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
		TLS: TLS{ALPN: []string{"http/1.1"}, Clients: Clients{Mode: "request"},
			ACME: ACME{CA: &url.URL{Scheme: "https", Host: "acme-v02.api.letsencrypt.org", Path: "/directory"}, HTTP: ":80"}},
		Upstream: Upstream{
			Profile: "generic", Hold: "pass", Slice: 50 * time.Second, Pace: 2000,
			Check: "auto", MaxChecks: 8, CheckPace: 2000,
		},
		Wake: Wake{
			Poll: 30 * time.Second, Safety: 5 * time.Minute, Users: "as-is",
			IMAP: WakeIMAP{TLS: "tls", Mode: "auto", Connections: 2000, Master: Master{Separator: "*"}},
			DAV:  WakeDAV{Every: time.Minute},
		},
		Admin:  Admin{Listen: "127.0.0.1:9180"},
		Policy: policy.Spec{Mode: policy.Enforce, Margin: 30 * time.Second, Clamp: policy.Early, Learn: policy.LearnObserve},
		Shield: Shield{Storm: Storm{Per: time.Minute}},
		Limits: Limits{Addresses: 100_000},
		Drain:  25 * time.Second,
		Log:    Log{Level: "info", Format: "auto", Users: "hashed", Access: true},
	})
}

var fullPolicy = policy.Spec{
	Mode: policy.Observe, FirewallIdle: 29*time.Minute + 30*time.Second, Margin: 45 * time.Second, Clamp: policy.Refuse, Learn: policy.LearnOff,
	Networks: []policy.NetworkSpec{
		{Name: "carrier-x", Prefixes: []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("2001:db8::/32")}},
		{Name: "the office, inside", Prefixes: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("192.0.2.7/32")}},
	},
	Rules: []policy.RuleSpec{
		{Name: "lost", Match: policy.Match{Device: []string{"applc39gh2kxdtwd"}, User: []string{`CORP\u*`, "*@example.com"}}, Deny: true},
		{Name: "inside", Match: policy.Match{Network: []string{"the office, inside"}}, Max: 59 * time.Minute},
		{
			Name: "tablets", Max: 12 * time.Minute, Clamp: policy.Early,
			Match: policy.Match{Network: []string{"carrier-x"}, DeviceType: []string{"iPad", "SM-T*"}, UserAgent: []string{"*/16??.*"}},
		},
		{Name: "rest"},
	},
}

func fullWake(t *testing.T) Wake {
	return Wake{
		Poll: 20 * time.Second, Safety: 4 * time.Minute, Users: "full", Domain: "example.com",
		Dovecot: WakeDovecot{Listen: ":9181", TokenFile: absolute(t, "testdata/files/token")},
		IMAP: WakeIMAP{
			Address: "imap.internal:143", TLS: "starttls", CA: absolute(t, "testdata/files/cert.pem"), Mode: "notify", Connections: 400,
			Master: Master{User: "edge", PasswordFile: absolute(t, "testdata/files/password"), Separator: "%"},
		},
		JMAP: WakeJMAP{
			URL: &url.URL{Scheme: "https", Host: "mail.internal", Path: "/jmap/"}, CA: absolute(t, "testdata/files/cert.pem"),
			Push: JMAPPush{URL: &url.URL{Scheme: "https", Host: "mail.example.com", Path: "/jmap-push"}, Listen: "127.0.0.1:9182"},
		},
		DAV: WakeDAV{URL: &url.URL{Scheme: "https", Host: "sogo.internal", Path: "/SOGo/dav"}, CA: absolute(t, "testdata/files/cert.pem"), Every: 90 * time.Second},
	}
}

func fullTLS(t *testing.T) TLS {
	file := func(name string) string { return absolute(t, "testdata/files/"+name) }
	return TLS{
		KeyFiles: KeyFiles{Cert: file("cert.pem"), Key: file("key.pem"), PFX: file("store.pfx"), PFXPasswordFile: file("password")},
		Certs:    []KeyFiles{{Cert: file("both.pem"), Key: file("both.pem")}, {PFX: file("open.pfx")}},
		ACME: ACME{
			Domains: []string{"mail.example.com", "autodiscover.example.com"}, Email: "admin@example.com",
			CA: &url.URL{Scheme: "https", Host: "ca.internal:14000", Path: "/dir"}, CARoot: file("cert.pem"),
			EAB: EAB{KeyID: "kid-1", KeyFile: file("eab-key")}, Path: absolute(t, "testdata/issued"),
		},
		Clients: Clients{CA: file("cert.pem"), Mode: "require", Headers: true},
		ALPN:    []string{"h2", "http/1.1"},
	}
}

func TestEveryKeyReachesItsPlace(t *testing.T) {
	same(t, good(t, "full.yaml"), &Config{
		Listen: "[::1]:8443",
		TLS:    fullTLS(t),
		Upstream: Upstream{
			URL:           &url.URL{Scheme: "https", Host: "Exchange.internal:8443", Path: "/eas"},
			CA:            absolute(t, "testdata/files/cert.pem"),
			LocationHosts: map[string]string{"exch01.internal": "mail.example.com", "exch02.internal": "mail2.example.com"},
			Profile:       "zpush", Hold: "edge", Slice: 45 * time.Second, Linger: 12 * time.Second, MaxWaits: 200, Pace: 25,
			Check: "ping", MaxChecks: 3, CheckPace: 77,
		},
		Wake: fullWake(t),
		Forwarded: Forwarded{Trusted: []netip.Prefix{
			netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("192.0.2.7/32"), netip.MustParsePrefix("192.0.2.9/32"),
		}},
		ProxyProtocol: ProxyProtocol{Trusted: []netip.Prefix{netip.MustParsePrefix("2001:db8::/32"), netip.MustParsePrefix("::1/128")}},
		Admin: Admin{
			Hosts:  []string{"push.example.com", "localhost.internal"},
			TLS:    AdminTLS{Cert: absolute(t, "testdata/files/cert.pem"), Key: absolute(t, "testdata/files/key.pem"), ClientCA: absolute(t, "testdata/files/both.pem")},
			Listen: "192.0.2.1:9180", TokenFile: absolute(t, "testdata/files/token"), Pprof: true, ReadyNeedsUpstream: true,
		},
		Policy: fullPolicy,
		State: State{
			Path: absolute(t, "testdata/state.db"), Redis: &url.URL{Scheme: "rediss", User: url.User("diastole"), Host: "redis.internal:6380"}, Cluster: true,
			PasswordFile: absolute(t, "testdata/files/password"), CA: absolute(t, "testdata/files/cert.pem"), KeyFile: absolute(t, "testdata/files/state-key"),
		},
		Shield: Shield{StalePasswords: 5, Storm: Storm{Requests: 120, Per: 2 * time.Minute}},
		Limits: Limits{Connections: 2000, Handshakes: 600, Failures: 30, Addresses: 50_000},
		Drain:  90 * time.Second,
		Log:    Log{Level: "debug", Format: "console", Users: "plain"},
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
	want.Policy.Rules = []policy.RuleSpec{}
	want.Admin.Listen = ""
	same(t, good(t, "commented_out.yaml"), want)
}

func TestCertificateAndKeyMayShareAFile(t *testing.T) {
	c := good(t, "one_file.yaml")
	if want := absolute(t, "testdata/files/both.pem"); c.TLS.Cert != want || c.TLS.Key != want {
		t.Errorf("got %+v", c.TLS)
	}
}
