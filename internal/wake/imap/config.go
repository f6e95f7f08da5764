package imap

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/diastole/diastole/internal/wake"
)

// Config is what a Source needs to know.
type Config struct {
	Address string         // HOST:PORT; the certificate must be HOST's
	TLS     string         // "none", "starttls"; anything else is "tls"
	Roots   *x509.CertPool // whose certificates are believed; nil: the system's
	Mode    string         // "idle", "notify"; anything else is "auto"

	Connections int           // at most so many mailboxes are listened to; 0: 2000
	Logins      int           // at most so many logins at one time, slow ones not counted; 0: 8
	Linger      time.Duration // a connection that nobody waits on is kept so long for the phone's next request; 0: 30 s

	Quiet    time.Duration // a server that says nothing for so long is asked whether it lives; 0: 10 min
	Patience time.Duration // for the answer to one command; 0: 1 min

	Master Master // logs in for everybody; without a User the request's own credentials do

	Dial       func(ctx context.Context, network, address string) (net.Conn, error) // nil: the network
	Log        *zap.Logger                                                          // nil: no log
	Metrics    *wake.Metrics                                                        // nil: counted nowhere
	Registerer prometheus.Registerer                                                // for the metrics of connections; nil: nowhere
}

// Master is a user that may log in as others: Dovecot's auth_master_user_separator.
type Master struct {
	User, Password string
	Separator      string // between the two names; "": "*"
}

const (
	dialTimeout  = 10 * time.Second
	shakeTimeout = 20 * time.Second
)

func (c *Config) fill() {
	if c.Connections <= 0 {
		c.Connections = 2000
	}
	if c.Logins <= 0 {
		c.Logins = 8
	}
	if c.Linger <= 0 {
		c.Linger = 30 * time.Second
	}
	// Dovecot says "* OK Still here" every 2 min in IDLE, hibernating too, so it is
	// never asked, and never woken by us.
	if c.Quiet <= 0 {
		c.Quiet = 10 * time.Minute
	}
	// A login may take long: Dovecot delays the answer to a wrong password by up to 15 s.
	if c.Patience <= 0 {
		c.Patience = time.Minute
	}
	if c.Master.Separator == "" {
		c.Master.Separator = "*"
	}
	if c.Dial == nil {
		// A cut network is found by the kernel's probes: unlike a NOOP they wake no
		// process at the server, and they keep a NAT between us and it open.
		d := &net.Dialer{Timeout: dialTimeout, KeepAliveConfig: net.KeepAliveConfig{
			Enable: true, Idle: time.Minute, Interval: 15 * time.Second, Count: 4}}
		c.Dial = d.DialContext
	}
	if c.Log == nil {
		c.Log = zap.NewNop()
	}
}

// security is the TLS configuration of all connections. Tickets are kept, so that
// a server that restarts is not asked for thousands of full handshakes.
func (c *Config) security() *tls.Config {
	host, _, err := net.SplitHostPort(c.Address)
	if err != nil {
		host = c.Address
	}
	return &tls.Config{RootCAs: c.Roots, ServerName: host, MinVersion: tls.VersionTLS12,
		ClientSessionCache: tls.NewLRUClientSessionCache(64)}
}
