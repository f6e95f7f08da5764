package main

import (
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/diastole/diastole/internal/config"
	"github.com/diastole/diastole/internal/wake"
	"github.com/diastole/diastole/internal/wake/dovecot"
	"github.com/diastole/diastole/proxy"
)

// sources makes those that tell of changes, one after the other.
type sources struct {
	config  *config.Config
	log     *zap.Logger
	metrics prometheus.Registerer
	heard   *wake.Metrics
	users   wake.Users
}

// openSources makes what tells of changes; nil where nothing is configured.
func openSources(cfg *config.Config, log *zap.Logger, metrics prometheus.Registerer) (*wake.Hub, error) {
	names := cfg.Wake.Sources()
	if len(names) == 0 {
		if cfg.Upstream.Hold == "edge" {
			log.Warn("waits are held here and nobody tells of changes: phones hear of one up to wake.poll late; name a source under wake, or write upstream.hold: pass",
				zap.Duration("poll", cfg.Wake.Poll))
		}
		return nil, nil
	}
	s := sources{
		config: cfg, log: log, metrics: metrics,
		heard: wake.NewMetrics(metrics, names...),
		users: wake.Users{Form: cfg.Wake.Users, Domain: cfg.Wake.Domain},
	}
	opened, err := s.open(names)
	if err != nil {
		return nil, err
	}
	log.Info("changes are told of", zap.Strings("sources", names), zap.String("hold", cfg.Upstream.Hold),
		zap.String("check", cfg.Upstream.CheckKind()), zap.Duration("safety", cfg.Wake.Safety))
	if cfg.Upstream.Hold != "edge" {
		log.Warn("nobody listens to them: upstream.hold is not edge", zap.String("hold", cfg.Upstream.Hold))
	}
	return wake.New(wake.Config{Sources: opened, Users: s.users, Log: log.Named("wake"), Metrics: s.heard}), nil
}

// open makes all of them, or none.
func (s *sources) open(names []string) (opened []wake.Source, err error) {
	makers := map[string]func() (wake.Source, error){"dovecot": s.dovecot}
	for _, name := range names {
		open, known := makers[name]
		if !known {
			open = func() (wake.Source, error) { return nil, fmt.Errorf("wake.%s: not in this build", name) }
		}
		source, err := open()
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
		Log: s.log.Named("dovecot"), Metrics: s.heard, Registerer: s.metrics,
	})
	if err != nil {
		return nil, fmt.Errorf("wake.dovecot.listen: %w", err)
	}
	s.log.Named("dovecot").Info("listening", zap.Stringer("address", source.Addr()))
	return source, nil
}

// watching is what the proxy asks of a hub; nil without one.
func watching(h *wake.Hub) func(proxy.Mailbox, func(changed bool)) proxy.Watching {
	if h == nil {
		return nil
	}
	return func(m proxy.Mailbox, heard func(changed bool)) proxy.Watching {
		w := h.Watch(wake.Mailbox(m), heard)
		return proxy.Watching{Covered: w.Covered, Missed: w.Missed, Leave: w.Leave}
	}
}
