package config

import (
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func written(t rapid.TB, c *Config) string {
	t.Helper()
	var b strings.Builder
	if err := c.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// effective is what comes of a file with nothing but upstream.url.
const effective = `listen: ":443"
tls:
  certs: []
  acme:
    domains: []
    ca: "https://acme-v02.api.letsencrypt.org/directory"
    http: ":80"
  clients:
    mode: "request"
    headers: false
  alpn: ["http/1.1"]
upstream:
  url: "https://exchange.internal"
  location_hosts: {}
  profile: "generic"
  hold: "pass"
  slice: 50s
  linger: 0s
  max_waits: 0
  pace: 2000
  check: "auto"
  max_checks: 8
  check_pace: 2000
wake:
  poll: 30s
  safety: 5m
  users: "as-is"
  imap:
    tls: "tls"
    mode: "auto"
    connections: 2000
    master:
      separator: "*"
  dav:
    every: 1m
forwarded:
  trusted: []
proxy_protocol:
  trusted: []
admin:
  listen: "127.0.0.1:9180"
  hosts: []
  pprof: false
  ready_needs_upstream: false
policy:
  mode: "enforce"
  firewall_idle: 0s
  margin: 30s
  clamp: "early"
  learn: "observe"
  networks: []
  rules: []
shield:
  stale_passwords: 0
  storm:
    requests: 0
    per: 1m
limits:
  connections: 0
  handshakes: 0
  failures: 0
  addresses: 100000
state:
  cluster: false
drain: 25s
log:
  level: "info"
  format: "auto"
  users: "hashed"
  access: true
`

func TestTheEffectiveConfigurationOfOneUpstreamIsShort(t *testing.T) {
	if got := written(t, good(t, "minimal.yaml")); got != effective {
		t.Errorf("got:\n%s\nwant:\n%s", got, effective)
	}
}

func TestNetworksAndRulesAreWrittenOneALine(t *testing.T) {
	const want = `
  networks:
    - {name: "carrier-x", prefixes: ["203.0.113.0/24", "2001:db8::/32"]}
    - {name: "the office, inside", prefixes: ["10.0.0.0/8", "192.0.2.7/32"]}
  rules:
    - {name: "lost", match: {user: ["CORP\\u*", "*@example.com"], device: ["applc39gh2kxdtwd"]}, deny: true}
    - {name: "inside", match: {network: ["the office, inside"]}, max: 59m}
    - {name: "tablets", match: {network: ["carrier-x"], device_type: ["iPad", "SM-T*"], user_agent: ["*/16??.*"]}, max: 12m, clamp: "early"}
    - {name: "rest"}
`
	if got := written(t, good(t, "full.yaml")); !strings.Contains(got, want) {
		t.Errorf("got:\n%s\nwant in it:%s", got, want)
	}
}

func TestWhatIsWrittenIsReadBackTheSame(t *testing.T) {
	for _, name := range []string{"minimal.yaml", "full.yaml", "windows.yaml", "commented_out.yaml"} {
		first := written(t, good(t, name))
		again, err := Parse("/another/directory/d.yaml", []byte(first))
		if err != nil {
			t.Fatalf("%s: %v in:\n%s", name, err, first)
		}
		if second := written(t, again); second != first {
			t.Errorf("%s: first:\n%s\nthen:\n%s", name, first, second)
		}
	}
}

var dnsName = rapid.StringMatching(`[a-z0-9_]([a-z0-9-]{0,10}[a-z0-9])?(\.[a-z]{2,5}){0,3}`)

func prefix(t *rapid.T) netip.Prefix {
	var ip netip.Addr
	if rapid.Bool().Draw(t, "v4") {
		ip = netip.AddrFrom4([4]byte(rapid.SliceOfN(rapid.Byte(), 4, 4).Draw(t, "ip")))
	} else {
		ip = netip.AddrFrom16([16]byte(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "ip"))).Unmap()
	}
	return netip.PrefixFrom(ip, rapid.IntRange(0, ip.BitLen()).Draw(t, "bits")).Masked()
}

func anyConfig(t *rapid.T) *Config {
	c := Default()
	c.Listen = dnsName.Draw(t, "listen host") + ":443"
	c.TLS = anyTLS(t)
	c.TLS.ALPN = rapid.SampledFrom([][]string{{"h2"}, {"http/1.1"}, {"h2", "http/1.1"}}).Draw(t, "alpn")
	c.Upstream.URL = &url.URL{
		Scheme: rapid.SampledFrom([]string{"http", "https"}).Draw(t, "scheme"),
		Host:   dnsName.Draw(t, "host"),
		Path:   rapid.StringMatching(`(/[^/]*[^/.])?`).Draw(t, "path"),
	}
	c.Upstream.LocationHosts = rapid.MapOfN(dnsName, dnsName, 0, 3).Draw(t, "hosts")
	c.Upstream.Profile = rapid.SampledFrom(profileNames()).Draw(t, "profile")
	c.Upstream.Hold = rapid.SampledFrom([]string{"pass", "edge", "slice"}).Draw(t, "hold")
	c.Upstream.Linger = time.Duration(rapid.Int64Range(0, int64(longestLinger)).Draw(t, "linger"))
	c.Upstream.MaxWaits = rapid.IntRange(0, mostWaits).Draw(t, "max_waits")
	c.Upstream.Pace = rapid.IntRange(0, highestPace).Draw(t, "pace")
	c.Upstream.MaxChecks = rapid.IntRange(1, mostChecks).Draw(t, "max_checks")
	c.Wake = anyWake(t)
	c.Forwarded.Trusted = rapid.SliceOfN(rapid.Custom(prefix), 0, 3).Draw(t, "trusted")
	c.Admin.Listen = rapid.SampledFrom([]string{"", "127.0.0.1:9180", "[::1]:0", "localhost:1"}).Draw(t, "admin")
	c.Admin.Pprof = rapid.Bool().Draw(t, "pprof")
	c.Policy = anyPolicy(t)
	c.Shield, c.Limits = anyLimits(t)
	c.Drain = time.Duration(rapid.Int64Range(0, int64(longestDrain)).Draw(t, "drain"))
	c.Log.Level = rapid.SampledFrom([]string{"debug", "info", "warn", "error"}).Draw(t, "level")
	return c
}

func anyTLS(t *rapid.T) TLS {
	file := func(name string) string {
		path, err := filepath.Abs("testdata/files/" + name)
		if err != nil {
			t.Fatal(err)
		}
		return path
	}
	s := Default().TLS
	if rapid.Bool().Draw(t, "pfx") {
		s.PFX, s.PFXPasswordFile = file("store.pfx"), file("password")
	}
	s.Certs = rapid.SliceOfN(rapid.SampledFrom([]KeyFiles{
		{Cert: file("cert.pem"), Key: file("key.pem")}, {PFX: file("open.pfx")}, {PFX: file("store.pfx"), PFXPasswordFile: file("password")},
	}), 0, 3).Draw(t, "certs")
	if rapid.Bool().Draw(t, "acme") {
		s.ACME.Domains = rapid.SliceOfNDistinct(dnsName, 1, 3, rapid.ID[string]).Draw(t, "domains")
		s.ACME.HTTP = rapid.SampledFrom([]string{"", ":80", "127.0.0.1:0"}).Draw(t, "http")
		s.ACME.Path = file("")
	}
	if rapid.Bool().Draw(t, "clients") {
		s.Clients = Clients{CA: file("cert.pem"), Mode: rapid.SampledFrom([]string{"request", "require"}).Draw(t, "mode"), Headers: rapid.Bool().Draw(t, "headers")}
	}
	return s
}

func anyWake(t *rapid.T) Wake {
	token, err := filepath.Abs("testdata/files/token")
	if err != nil {
		t.Fatal(err)
	}
	w := Default().Wake
	w.Poll = time.Duration(rapid.Int64Range(int64(shortestPoll), int64(time.Minute)).Draw(t, "poll"))
	w.Safety = time.Duration(rapid.Int64Range(int64(time.Minute), int64(longestPoll)).Draw(t, "safety"))
	if rapid.Bool().Draw(t, "full") {
		w.Users, w.Domain = "full", dnsName.Draw(t, "domain")
	}
	if rapid.Bool().Draw(t, "dovecot") {
		w.Dovecot = WakeDovecot{Listen: "127.0.0.1:0", TokenFile: token}
	}
	if rapid.Bool().Draw(t, "imap") {
		w.IMAP.Address = dnsName.Draw(t, "imap host") + ":993"
		w.IMAP.Connections = rapid.IntRange(1, mostWaits).Draw(t, "connections")
		w.IMAP.Mode = rapid.SampledFrom([]string{"auto", "idle", "notify"}).Draw(t, "mode")
	}
	if rapid.Bool().Draw(t, "jmap") {
		w.JMAP.URL = &url.URL{Scheme: "https", Host: dnsName.Draw(t, "jmap host"), Path: "/jmap/"}
	}
	if rapid.Bool().Draw(t, "dav") {
		w.DAV.URL = &url.URL{Scheme: "https", Host: dnsName.Draw(t, "dav host"), Path: "/SOGo/dav"}
		w.DAV.Every = time.Duration(rapid.Int64Range(int64(shortestLook), int64(longestLook)).Draw(t, "every"))
	}
	return w
}

func TestAnyConfigurationIsReadBackTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := anyConfig(t)
		first := written(t, c)
		again, err := Parse("d.yaml", []byte(first))
		if err != nil {
			t.Fatalf("%v in:\n%s", err, first)
		}
		if second := written(t, again); second != first {
			t.Fatalf("first:\n%s\nthen:\n%s", first, second)
		}
		if !reflect.DeepEqual(again.Policy, c.Policy) {
			t.Fatalf("the policy\n%+v became\n%+v", c.Policy, again.Policy)
		}
		if !reflect.DeepEqual(again.Wake, c.Wake) {
			t.Fatalf("the sources\n%+v became\n%+v", c.Wake, again.Wake)
		}
		if again.Upstream.URL.String() != c.Upstream.URL.String() || again.Drain != c.Drain || len(again.Upstream.LocationHosts) != len(c.Upstream.LocationHosts) {
			t.Fatalf("lost on the way:\n%+v\n%+v", c, again)
		}
	})
}

func TestAnyTextSurvivesItsQuotes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.String().Draw(t, "text")
		root, err := parseTree(&source{name: "d.yaml"}, []byte("k: "+quoted(want)+"\n"))
		if err != nil {
			t.Fatal(err)
		}
		if got := root.entries[0].value.text; got != want {
			t.Fatalf("got %q, want %q from %s", got, want, quoted(want))
		}
	})
}

func TestAWriterThatFailsIsReported(t *testing.T) {
	closed, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	if err := Default().Write(closed); err == nil {
		t.Error("written to a closed file without an error")
	}
}
