package config

import (
	"net/netip"
	"net/url"
	"time"

	"github.com/diastole/diastole/policy"
)

// keys are all settings, in the order in which Write prints them. The names are
// a contract with operators' files: one may be added, none renamed.
var keys = []key[Config]{
	field("listen", func(c *Config) *string { return &c.Listen }, address),
	field("tls.cert", func(c *Config) *string { return &c.TLS.Cert }, certFile),
	field("tls.key", func(c *Config) *string { return &c.TLS.Key }, keyFile),
	field("tls.pfx", func(c *Config) *string { return &c.TLS.PFX }, pfxFile),
	field("tls.pfx_password_file", func(c *Config) *string { return &c.TLS.PFXPasswordFile }, passwordFile),
	field("tls.certs", func(c *Config) *[]KeyFiles { return &c.TLS.Certs }, certList),
	field("tls.acme.domains", func(c *Config) *[]string { return &c.TLS.ACME.Domains }, domainNames),
	field("tls.acme.email", func(c *Config) *string { return &c.TLS.ACME.Email }, email),
	field("tls.acme.ca", func(c *Config) **url.URL { return &c.TLS.ACME.CA }, acmeURL),
	field("tls.acme.ca_root", func(c *Config) *string { return &c.TLS.ACME.CARoot }, caFile),
	field("tls.acme.eab.key_id", func(c *Config) *string { return &c.TLS.ACME.EAB.KeyID }, eabKeyID),
	field("tls.acme.eab.key_file", func(c *Config) *string { return &c.TLS.ACME.EAB.KeyFile }, eabFile),
	field("tls.acme.http", func(c *Config) *string { return &c.TLS.ACME.HTTP }, challengeAddress),
	field("tls.acme.path", func(c *Config) *string { return &c.TLS.ACME.Path }, shelf),
	field("tls.clients.ca", func(c *Config) *string { return &c.TLS.Clients.CA }, caFile),
	field("tls.clients.mode", func(c *Config) *string { return &c.TLS.Clients.Mode }, oneOf("request", "require")),
	field("tls.clients.headers", func(c *Config) *bool { return &c.TLS.Clients.Headers }, yesNo),
	field("tls.alpn", func(c *Config) *[]string { return &c.TLS.ALPN }, protocols),
	field("upstream.url", func(c *Config) **url.URL { return &c.Upstream.URL }, serverURL),
	field("upstream.ca", func(c *Config) *string { return &c.Upstream.CA }, caFile),
	field("upstream.location_hosts", func(c *Config) *map[string]string { return &c.Upstream.LocationHosts }, hostMap),
	field("upstream.profile", func(c *Config) *string { return &c.Upstream.Profile }, oneOf(profileNames()...)),
	field("upstream.hold", func(c *Config) *string { return &c.Upstream.Hold }, oneOf("pass", "edge", "slice")),
	field("upstream.slice", func(c *Config) *time.Duration { return &c.Upstream.Slice }, lengthOfTime(shortestSlice, longestSlice)),
	field("upstream.linger", func(c *Config) *time.Duration { return &c.Upstream.Linger }, lengthOfTime(0, longestLinger)),
	field("upstream.max_waits", func(c *Config) *int { return &c.Upstream.MaxWaits }, wholeNumber(0, mostWaits)),
	field("upstream.pace", func(c *Config) *int { return &c.Upstream.Pace }, wholeNumber(0, highestPace)),
	field("upstream.check", func(c *Config) *string { return &c.Upstream.Check }, oneOf("auto", "estimate", "ping")),
	field("upstream.max_checks", func(c *Config) *int { return &c.Upstream.MaxChecks }, wholeNumber(1, mostChecks)),
	field("upstream.check_pace", func(c *Config) *int { return &c.Upstream.CheckPace }, wholeNumber(0, highestPace)),
	field("wake.poll", func(c *Config) *time.Duration { return &c.Wake.Poll }, lengthOfTime(shortestPoll, longestPoll)),
	field("wake.safety", func(c *Config) *time.Duration { return &c.Wake.Safety }, lengthOfTime(shortestSafety, longestPoll)),
	field("wake.users", func(c *Config) *string { return &c.Wake.Users }, oneOf("as-is", "local", "full")),
	field("wake.domain", func(c *Config) *string { return &c.Wake.Domain }, mailDomain),
	field("wake.dovecot.listen", func(c *Config) *string { return &c.Wake.Dovecot.Listen }, hookAddress),
	field("wake.dovecot.token_file", func(c *Config) *string { return &c.Wake.Dovecot.TokenFile }, tokenFile),
	field("wake.imap.address", func(c *Config) *string { return &c.Wake.IMAP.Address }, imapAddress),
	field("wake.imap.tls", func(c *Config) *string { return &c.Wake.IMAP.TLS }, oneOf("none", "starttls", "tls")),
	field("wake.imap.ca", func(c *Config) *string { return &c.Wake.IMAP.CA }, caFile),
	field("wake.imap.mode", func(c *Config) *string { return &c.Wake.IMAP.Mode }, oneOf("auto", "idle", "notify")),
	field("wake.imap.connections", func(c *Config) *int { return &c.Wake.IMAP.Connections }, wholeNumber(1, mostWaits)),
	field("wake.imap.master.user", func(c *Config) *string { return &c.Wake.IMAP.Master.User }, masterUser),
	field("wake.imap.master.password_file", func(c *Config) *string { return &c.Wake.IMAP.Master.PasswordFile }, passwordFile),
	field("wake.imap.master.separator", func(c *Config) *string { return &c.Wake.IMAP.Master.Separator }, separator),
	field("wake.jmap.url", func(c *Config) **url.URL { return &c.Wake.JMAP.URL }, jmapURL),
	field("wake.jmap.ca", func(c *Config) *string { return &c.Wake.JMAP.CA }, caFile),
	field("wake.jmap.push.url", func(c *Config) **url.URL { return &c.Wake.JMAP.Push.URL }, pushURL),
	field("wake.jmap.push.listen", func(c *Config) *string { return &c.Wake.JMAP.Push.Listen }, hookAddress),
	field("wake.dav.url", func(c *Config) **url.URL { return &c.Wake.DAV.URL }, davURL),
	field("wake.dav.ca", func(c *Config) *string { return &c.Wake.DAV.CA }, caFile),
	field("wake.dav.every", func(c *Config) *time.Duration { return &c.Wake.DAV.Every }, lengthOfTime(shortestLook, longestLook)),
	field("forwarded.trusted", func(c *Config) *[]netip.Prefix { return &c.Forwarded.Trusted }, prefixes),
	field("proxy_protocol.trusted", func(c *Config) *[]netip.Prefix { return &c.ProxyProtocol.Trusted }, prefixes),
	field("admin.listen", func(c *Config) *string { return &c.Admin.Listen }, adminAddress),
	field("admin.token_file", func(c *Config) *string { return &c.Admin.TokenFile }, tokenFile),
	field("admin.tls.cert", func(c *Config) *string { return &c.Admin.TLS.Cert }, certFile),
	field("admin.tls.key", func(c *Config) *string { return &c.Admin.TLS.Key }, keyFile),
	field("admin.tls.client_ca", func(c *Config) *string { return &c.Admin.TLS.ClientCA }, caFile),
	field("admin.hosts", func(c *Config) *[]string { return &c.Admin.Hosts }, hostNames),
	field("admin.pprof", func(c *Config) *bool { return &c.Admin.Pprof }, yesNo),
	field("admin.ready_needs_upstream", func(c *Config) *bool { return &c.Admin.ReadyNeedsUpstream }, yesNo),
	field("policy.mode", func(c *Config) *policy.Mode { return &c.Policy.Mode }, wordOf(policy.Enforce, policy.Observe)),
	field("policy.firewall_idle", func(c *Config) *time.Duration { return &c.Policy.FirewallIdle }, firewallIdle),
	field("policy.margin", func(c *Config) *time.Duration { return &c.Policy.Margin }, lengthOfTime(0, longestMargin)),
	field("policy.clamp", func(c *Config) *policy.Clamp { return &c.Policy.Clamp }, wordOf(policy.Early, policy.Refuse)),
	field("policy.learn", func(c *Config) *policy.Learn { return &c.Policy.Learn }, wordOf(policy.LearnOff, policy.LearnObserve, policy.LearnEnforce)),
	field("policy.networks", func(c *Config) *[]policy.NetworkSpec { return &c.Policy.Networks }, networkList),
	field("policy.rules", func(c *Config) *[]policy.RuleSpec { return &c.Policy.Rules }, ruleList),
	field("shield.stale_passwords", func(c *Config) *int { return &c.Shield.StalePasswords }, logins),
	field("shield.storm.requests", func(c *Config) *int { return &c.Shield.Storm.Requests }, wholeNumber(0, mostAtOnce)),
	field("shield.storm.per", func(c *Config) *time.Duration { return &c.Shield.Storm.Per }, lengthOfTime(time.Second, time.Hour)),
	field("limits.connections", func(c *Config) *int { return &c.Limits.Connections }, wholeNumber(0, mostAtOnce)),
	field("limits.handshakes", func(c *Config) *int { return &c.Limits.Handshakes }, wholeNumber(0, mostAtOnce)),
	field("limits.failures", func(c *Config) *int { return &c.Limits.Failures }, wholeNumber(0, mostAtOnce)),
	field("limits.addresses", func(c *Config) *int { return &c.Limits.Addresses }, wholeNumber(fewestAddresses, mostAddresses)),
	field("state.path", func(c *Config) *string { return &c.State.Path }, stateFile),
	field("state.redis", func(c *Config) **url.URL { return &c.State.Redis }, redisURL),
	field("state.cluster", func(c *Config) *bool { return &c.State.Cluster }, yesNo),
	field("state.password_file", func(c *Config) *string { return &c.State.PasswordFile }, passwordFile),
	field("state.ca", func(c *Config) *string { return &c.State.CA }, caFile),
	field("state.key_file", func(c *Config) *string { return &c.State.KeyFile }, stateKeyFile),
	field("drain", func(c *Config) *time.Duration { return &c.Drain }, lengthOfTime(0, longestDrain)),
	field("log.level", func(c *Config) *string { return &c.Log.Level }, oneOf("debug", "info", "warn", "error")),
	field("log.format", func(c *Config) *string { return &c.Log.Format }, oneOf("auto", "json", "console")),
	field("log.users", func(c *Config) *string { return &c.Log.Users }, oneOf("hashed", "plain")),
	field("log.access", func(c *Config) *bool { return &c.Log.Access }, yesNo),
}

// later are keys that the documentation of the whole project names and that this
// version does not act upon. To accept one in silence would be to promise what
// does not happen.
var later = map[string]bool{}

// whole is the table of the file.
var whole = table[Config]{keys: keys, later: later}
