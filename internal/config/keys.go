package config

import (
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"
)

// key is one setting: its name, how a node becomes its value, and the value as
// YAML.
type key struct {
	path string
	read func(*Config, node) error
	show func(*Config) string
}

// field ties a key to its place in Config.
func field[T any](path string, at func(*Config) *T, as codec[T]) key {
	return key{
		path: path,
		read: func(c *Config, n node) error {
			v, err := as.read(n)
			if err == nil {
				*at(c) = v
			}
			return err
		},
		show: func(c *Config) string { return as.show(*at(c)) },
	}
}

// keys are all settings, in the order in which Write prints them. The names are
// a contract with operators' files: one may be added, none renamed.
var keys = []key{
	field("listen", func(c *Config) *string { return &c.Listen }, address),
	field("tls.cert", func(c *Config) *string { return &c.TLS.Cert }, certFile),
	field("tls.key", func(c *Config) *string { return &c.TLS.Key }, keyFile),
	field("tls.alpn", func(c *Config) *[]string { return &c.TLS.ALPN }, protocols),
	field("upstream.url", func(c *Config) **url.URL { return &c.Upstream.URL }, serverURL),
	field("upstream.ca", func(c *Config) *string { return &c.Upstream.CA }, caFile),
	field("upstream.location_hosts", func(c *Config) *map[string]string { return &c.Upstream.LocationHosts }, hostMap),
	field("forwarded.trusted", func(c *Config) *[]netip.Prefix { return &c.Forwarded.Trusted }, prefixes),
	field("proxy_protocol.trusted", func(c *Config) *[]netip.Prefix { return &c.ProxyProtocol.Trusted }, prefixes),
	field("admin.listen", func(c *Config) *string { return &c.Admin.Listen }, adminAddress),
	field("admin.token_file", func(c *Config) *string { return &c.Admin.TokenFile }, tokenFile),
	field("admin.pprof", func(c *Config) *bool { return &c.Admin.Pprof }, yesNo),
	field("admin.ready_needs_upstream", func(c *Config) *bool { return &c.Admin.ReadyNeedsUpstream }, yesNo),
	field("drain", func(c *Config) *time.Duration { return &c.Drain }, lengthOfTime),
	field("log.level", func(c *Config) *string { return &c.Log.Level }, oneOf("debug", "info", "warn", "error")),
	field("log.format", func(c *Config) *string { return &c.Log.Format }, oneOf("auto", "json", "console")),
	field("log.users", func(c *Config) *string { return &c.Log.Users }, oneOf("hashed", "plain")),
}

// later are keys that the documentation of the whole project names and that this
// version does not act upon. To accept one in silence would be to promise what
// does not happen.
var later = map[string]bool{
	"tls.pfx": true, "tls.pfx_password_file": true, "tls.acme": true,
	"upstream.profile": true, "upstream.hold": true, "upstream.slice": true,
	"upstream.linger": true, "upstream.max_checks": true,
	"wake": true, "policy": true, "state": true,
}

func find(path string) (key, bool) {
	for _, k := range keys {
		if k.path == path {
			return k, true
		}
	}
	return key{}, false
}

// names are the keys of a section without its name; for "", the whole file, its
// first words.
func names(section string) []string {
	var all []string
	for _, k := range keys {
		name, ok := k.path, true
		if section != "" {
			name, ok = strings.CutPrefix(k.path, section+".")
		}
		if name, _, _ = strings.Cut(name, "."); ok && !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	return all
}

func isSection(path string) bool { return len(names(path)) > 0 }
