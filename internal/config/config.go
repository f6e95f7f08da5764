package config

import (
	"net/netip"
	"net/url"
	"time"

	"github.com/diastole/diastole/policy"
)

// Config is everything an operator can set. The names are those of the file, so
// TLS.Cert is the key tls.cert; docs/configuration.md explains each. Paths are
// absolute once the file is read.
type Config struct {
	Listen        string // HOST:PORT of the port that phones talk to
	TLS           TLS
	Upstream      Upstream
	Wake          Wake
	Forwarded     Forwarded
	ProxyProtocol ProxyProtocol
	Admin         Admin
	Policy        policy.Spec // policy.Compile takes it without an error
	Shield        Shield
	Limits        Limits
	State         State
	Drain         time.Duration // how long held waits may take to end after SIGTERM
	Log           Log
}

// Upstream is the ActiveSync server behind us.
type Upstream struct {
	URL           *url.URL          // scheme, host and an optional path prefix without a slash at its end; nothing else
	CA            string            // PEM file with the authorities to believe instead of the system's
	LocationHosts map[string]string // 451's X-MS-Location: internal host -> public host, both in lower case
	Profile       string            // which server it is: one of the profiles
	Hold          string            // pass: an upstream wait is as long as the phone's; slice: it is made of several; edge: there is none
	Slice         time.Duration     // with slice: the longest upstream wait
	Linger        time.Duration     // how long an upstream wait is kept for a phone that left
	MaxWaits      int               // upstream waits at once, 0 = no limit
	Pace          int               // upstream waits that may start in a second, 0 = no limit
	Check         string            // with edge, how the server is asked for changes: auto, estimate, ping; see CheckKind
	MaxChecks     int               // such questions at once
	CheckPace     int               // such questions that may start in a second, 0 = no limit
}

// Forwarded names the peers whose X-Forwarded-For, -Proto and -Host are believed.
type Forwarded struct{ Trusted []netip.Prefix }

// ProxyProtocol names the peers that may begin a connection with a PROXY header.
type ProxyProtocol struct{ Trusted []netip.Prefix }

// Admin is the second listener: health, metrics, profiles.
type Admin struct {
	Listen             string   // HOST:PORT, "" = none
	TokenFile          string   // file with the bearer token
	TLS                AdminTLS // its zero value is plain HTTP
	Hosts              []string // names that a listener on loopback may be asked for, in lower case
	Pprof              bool
	ReadyNeedsUpstream bool // /readyz fails while the upstream cannot be reached
}

// AdminTLS is the certificate of the second listener, and whose certificates open it.
type AdminTLS struct {
	Cert, Key string // PEM files, both or none
	ClientCA  string // PEM file with the authorities of clients' certificates, "" = none is asked for
}

// State is where what was learned is kept across restarts.
type State struct {
	Path string // database file, "" = in memory only

	Redis        *url.URL // where several nodes share it: redis or rediss, a host, perhaps a user, a port, a database; nil = there is one node
	Cluster      bool     // it is a Redis Cluster
	PasswordFile string   // file with its password
	CA           string   // PEM file, as Upstream's
	KeyFile      string   // file with the secret of all nodes
}

// Log says what is logged and how.
type Log struct {
	Level  string // debug, info, warn, error
	Format string // auto, json, console
	Users  string // hashed, plain; of users and of devices
	Access bool   // a line for each request that does not wait
}

// Default returns the configuration of an empty file. It is complete but for
// Upstream.URL, which nobody can guess. All defaults stand here and only here.
func Default() *Config {
	return &Config{
		Listen: ":443",
		TLS: TLS{
			ALPN:    []string{"http/1.1"},
			ACME:    ACME{CA: &url.URL{Scheme: "https", Host: "acme-v02.api.letsencrypt.org", Path: "/directory"}, HTTP: ":80"},
			Clients: Clients{Mode: "request"},
		},
		// 50 s are below the 60 s after which boxes behind us cut: nginx's proxy_read_timeout, most balancers.
		Upstream: Upstream{
			Profile: generic.name, Hold: "pass", Slice: 50 * time.Second, Linger: generic.linger, Pace: generic.pace,
			// Eight questions at once are below the workers of every server we have seen, and enough for thousands of phones.
			Check: "auto", MaxChecks: 8, CheckPace: generic.checkPace,
		},
		// 30 s is how long a change stays unseen at worst where nobody tells of it; 5 min is how long where somebody
		// does and lost a word.
		Wake: Wake{
			Poll: 30 * time.Second, Safety: 5 * time.Minute, Users: "as-is",
			IMAP: WakeIMAP{TLS: "tls", Mode: "auto", Connections: 2000, Master: Master{Separator: "*"}},
			DAV:  WakeDAV{Every: time.Minute},
		},
		// Loopback, so that metrics and profiles are never on the internet by accident.
		Admin: Admin{Listen: "127.0.0.1:9180"},
		// Without a word from the operator no byte of any request is changed: no limit is known, and what is learned
		// is shown only. Early and 30 s are what holds once there is a limit.
		Policy: policy.Spec{
			Mode: policy.Enforce, Margin: 30 * time.Second, Clamp: policy.Early, Learn: policy.LearnObserve,
		},
		// Off, all of it: what is too much for one fleet is an ordinary morning of another. A minute is what people
		// count in; a hundred thousand addresses take some 20 MB, and only where there is a limit.
		Shield: Shield{Storm: Storm{Per: time.Minute}},
		Limits: Limits{Addresses: 100_000},
		// Below the 30 s after which Kubernetes kills, and far below systemd's 90 s.
		Drain: 25 * time.Second,
		Log:   Log{Level: "info", Format: "auto", Users: "hashed", Access: true},
	}
}
