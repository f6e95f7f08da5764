package main

import (
	"fmt"
	"net"
	"net/netip"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/diastole/diastole/internal/config"
	"github.com/diastole/diastole/internal/wake"
	"github.com/diastole/diastole/internal/wake/dav"
	"github.com/diastole/diastole/internal/wake/dovecot"
	"github.com/diastole/diastole/internal/wake/imap"
	"github.com/diastole/diastole/internal/wake/jmap"
	"github.com/diastole/diastole/proxy"
)

// sources makes those that tell of changes, one after the other.
type sources struct {
	config  *config.Config
	log     *zap.Logger
	metrics prometheus.Registerer
	heard   *wake.Metrics
	users   wake.Users
	nodes   *nodes
}

// openSources makes what tells of changes; nil where nothing is configured.
func openSources(cfg *config.Config, log *zap.Logger, metrics prometheus.Registerer, beside *nodes) (*wake.Hub, error) {
	names := cfg.Wake.Sources()
	warnUnheard(cfg, log)
	if len(names) == 0 {
		return nil, nil
	}
	s := sources{
		config: cfg, log: log, metrics: metrics, nodes: beside,
		heard: wake.NewMetrics(metrics, names...),
		users: wake.Users{Form: cfg.Wake.Users, Domain: cfg.Wake.Domain},
	}
	opened, err := s.open(names)
	if err != nil {
		return nil, err
	}
	if cfg.Upstream.Hold == "edge" { // elsewhere nobody listens, which was said
		log.Info("changes are told of", zap.Strings("sources", names), zap.String("hold", cfg.Upstream.Hold),
			zap.String("check", cfg.Upstream.CheckKind()), zap.Float64("safety_seconds", cfg.Wake.Safety.Seconds()))
	}
	return wake.New(wake.Config{Sources: opened, Users: s.users, Log: log.Named("wake"), Metrics: s.heard}), nil
}

// warnUnheard says where one of the two halves of push is missing: those who tell, or
// those who listen.
func warnUnheard(cfg *config.Config, log *zap.Logger) {
	names, hold := cfg.Wake.Sources(), cfg.Upstream.Hold
	switch {
	case hold == "edge" && len(names) == 0:
		log.Warn("waits are held here and nobody tells of changes: phones hear of one up to wake.poll late; name a source under wake, or write upstream.hold: pass",
			zap.Float64("poll_seconds", cfg.Wake.Poll.Seconds()))
	case hold == "edge" && !cfg.Wake.TellsOfMail():
		log.Warn("nobody tells of mail: wake.dav looks at calendars and address books, and phones hear of mail up to wake.poll late; name a source of mail under wake, too",
			zap.Float64("poll_seconds", cfg.Wake.Poll.Seconds()))
	case hold != "edge" && len(names) > 0:
		log.Warn("nobody listens to those who tell of changes: upstream.hold is not edge", zap.Strings("sources", names), zap.String("hold", hold))
	}
}

// open makes all of them, or none.
func (s *sources) open(names []string) (opened []wake.Source, err error) {
	makers := map[string]func() (wake.Source, error){"dovecot": s.dovecot, "imap": s.imap, "jmap": s.jmap, "dav": s.dav}
	for _, name := range names {
		source, err := makers[name]()
		if err != nil {
			for _, one := range opened {
				one.Close()
			}
			return nil, err
		}
		opened = append(opened, source)
	}
	return opened, nil
}

func (s *sources) dovecot() (wake.Source, error) {
	token, err := s.config.DovecotToken()
	if err != nil {
		return nil, err
	}
	source, err := dovecot.Listen(dovecot.Config{
		Listen: s.config.Wake.Dovecot.Listen, Token: token, Users: s.users,
		Log: s.log.Named("dovecot"), Metrics: s.heard, Registerer: s.metrics, Told: s.nodes.tell,
	})
	if err != nil {
		return nil, fmt.Errorf("wake.dovecot.listen: %w", err)
	}
	s.nodes.hears(source)
	s.log.Named("dovecot").Info("listening", zap.Stringer("address", source.Addr()))
	return source, nil
}

func (s *sources) imap() (wake.Source, error) {
	c := s.config.Wake.IMAP
	pool, err := roots("wake.imap.ca", c.CA)
	if err != nil {
		return nil, err
	}
	password, err := s.config.MasterPassword()
	if err != nil {
		return nil, err
	}
	if c.TLS == "none" && !isHere(c.Address) {
		s.log.Warn("users' passwords go to the mail store in clear: write wake.imap.tls: starttls or tls", zap.String("address", c.Address))
	}
	return imap.New(imap.Config{
		Address: c.Address, TLS: c.TLS, Roots: pool, Mode: c.Mode, Connections: c.Connections,
		Master: imap.Master{User: c.Master.User, Password: password, Separator: c.Master.Separator},
		Log:    s.log.Named("imap"), Metrics: s.heard, Registerer: s.metrics,
	}), nil
}

func (s *sources) jmap() (wake.Source, error) {
	c := s.config.Wake.JMAP
	pool, err := roots("wake.jmap.ca", c.CA)
	if err != nil {
		return nil, err
	}
	push := jmap.Push{Listen: c.Push.Listen}
	if c.Push.URL != nil {
		push.URL = c.Push.URL.String()
	}
	source, err := jmap.New(jmap.Config{
		URL: c.URL.String(), Roots: pool, Push: push,
		Log: s.log.Named("jmap"), Metrics: s.heard, Registerer: s.metrics,
	})
	if err != nil { // not source, which would be a Source that is nil
		return nil, fmt.Errorf("wake.jmap: %w", err)
	}
	return source, nil
}

func (s *sources) dav() (wake.Source, error) {
	c := s.config.Wake.DAV
	pool, err := roots("wake.dav.ca", c.CA)
	if err != nil {
		return nil, err
	}
	if c.URL.Scheme == "http" && !isHere(net.JoinHostPort(c.URL.Hostname(), "80")) {
		s.log.Warn("users' passwords go to the DAV server in clear: write https:// in wake.dav.url", zap.String("address", c.URL.Host))
	}
	source, err := dav.New(dav.Config{
		URL: c.URL.String(), Every: c.Every, Roots: pool,
		Log: s.log.Named("dav"), Metrics: s.heard, Registerer: s.metrics,
	})
	if err != nil {
		return nil, fmt.Errorf("wake.dav: %w", err)
	}
	return source, nil
}

// isHere says whether an address is this machine's own.
func isHere(address string) bool {
	host, _, _ := net.SplitHostPort(address)
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// watching is what the proxy asks of a hub; nil without one.
func watching(h *wake.Hub) func(proxy.Mailbox, func(changed bool)) proxy.Watching {
	if h == nil {
		return nil
	}
	return func(m proxy.Mailbox, heard func(changed bool)) proxy.Watching {
		w := h.Watch(wake.Mailbox(m), heard)
		return proxy.Watching{Covered: w.Covered, Coming: w.Coming, Missed: w.Missed, Leave: w.Leave}
	}
}
