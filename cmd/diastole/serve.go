package main

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"go.uber.org/zap"

	"github.com/diastole/diastole/internal/admin"
	"github.com/diastole/diastole/internal/config"
	"github.com/diastole/diastole/internal/edge"
	"github.com/diastole/diastole/internal/wake"
	"github.com/diastole/diastole/policy"
	"github.com/diastole/diastole/proxy"
)

// serveCmd runs the proxy until it is told to stop.
type serveCmd struct{ settings }

// Help is shown by `diastole serve --help`.
func (serveCmd) Help() string {
	return `With a file, or for a first try without one:

  diastole serve --config /etc/diastole.yaml
  diastole serve --upstream https://exchange.internal --listen :8443

SIGTERM or Ctrl-C: no new connections, every held wait is answered within the time that "drain" gives (default 25s), then exit code 0. A second one stops at once, with exit code 1.

SIGHUP: the file is read again; held waits stay, and if it cannot be used, so does what was in force. At a terminal it is a Ctrl-C.

The log goes to standard error: lines for people on a terminal, JSON otherwise.`
}

// Run is the command: the whole program, in the order in which it comes to life.
func (c serveCmd) Run(s streams) error {
	terminal := isTerminal(s.err)
	told := catchSignals(terminal) // before the file is read, so that none is lost
	defer told.letGo()

	cfg, err := c.load()
	if err != nil {
		return err
	}
	log, level, err := newLog(cfg.Log, s.err, terminal)
	if err != nil {
		return err
	}
	// What net/http's clients have to say goes to Go's own log, and quotes their servers.
	if restore, err := zap.RedirectStdLogAt(log.Named("go"), zap.DebugLevel); err == nil {
		defer restore()
	}
	b := thisBuild()
	log.Info("starting", zap.String("version", b.version), zap.String("commit", b.commit),
		zap.String("config", c.source()), zap.Stringer("upstream", cfg.Upstream.URL))
	d, err := assemble(context.Background(), cfg, log)
	if err == nil {
		d.source, d.level = c.settings, level
		if terminal {
			d.summary(s.err)
		}
		err = d.run(told)
	}
	if err != nil && !terminal {
		log.Error("stopped", zap.Error(err))
		return errReported{err}
	}
	return err
}

// daemon is everything that runs.
type daemon struct {
	config  *config.Config // in force; the run loop's own once it runs
	source  settings       // where it came from
	files   uint64         // that may be open at once
	log     *zap.Logger
	level   zap.AtomicLevel
	reloads *reloads
	edge    *edge.Metrics      // of all listeners for phones
	callers *edge.Addresses    // whom they count
	certs   *edge.Certificates // of all listeners too
	shelf   *edge.Disk         // nil where nothing is kept
	rules   atomic.Pointer[policy.Policy]
	inForce atomic.Pointer[config.Upstream] // for others than the run loop
	proxy   *proxy.Proxy
	learned *learned
	named   *networkMetrics
	nodes   *nodes    // nil where there is one
	hub     *wake.Hub // nil where nobody tells of changes
	phones  *listener
	leaving sync.WaitGroup // former listeners that still drain
	admin   *admin.Server  // nil where none is wanted
	clock   proxy.Clock    // in which the phones live
	tally   *admin.Tally
	gate    *gate
	broken  chan error // what ends the program
	manager *manager
	sockets *edge.Sockets // handed over by it
	metrics prometheus.Gatherer
	turns   chan struct{} // received by the run loop: it turns
}

// assemble binds all listeners. Nothing is answered yet.
func assemble(ctx context.Context, cfg *config.Config, log *zap.Logger) (*daemon, error) {
	return assembleIn(ctx, cfg, log, 1)
}

// assembleIn does so for phones that live so many times faster than others.
func assembleIn(ctx context.Context, cfg *config.Config, log *zap.Logger, pace int) (*daemon, error) {
	metrics := newRegistry(thisBuild())
	d := newDaemon(cfg, log, metrics)
	d.clock.Pace = pace
	err := d.assemble(ctx, metrics)
	if err != nil {
		d.close()
		return nil, err
	}
	return d, nil
}

func newDaemon(cfg *config.Config, log *zap.Logger, metrics prometheus.Registerer) *daemon {
	now := time.Now()
	d := &daemon{config: cfg, log: log, tally: admin.NewTally(now), clock: proxy.Clock{Began: now}, level: zap.NewAtomicLevel(), gate: &gate{}, broken: make(chan error, 1), turns: make(chan struct{}),
		files: raiseFileLimit(log), reloads: newReloads(metrics), edge: edge.NewMetrics(metrics)}
	d.inForce.Store(&cfg.Upstream)
	d.callers = edge.NewAddresses(d.edge)
	d.callers.Limit(addressLimits(cfg))
	d.gate.register(metrics)
	return d
}

func (d *daemon) assemble(ctx context.Context, metrics *prometheus.Registry) error {
	cfg, log := d.config, d.log
	d.metrics = metrics
	rules, err := policy.Compile(cfg.Policy)
	if err != nil {
		return err
	}
	if d.manager, err = newManager(log); err != nil {
		return err
	}
	if d.sockets, err = edge.Inherited(); err != nil {
		return err
	}
	d.rules.Store(rules)
	names, err := logNames(cfg.Log.Users) // one key for the log and the API: a line leads to its device
	if err != nil {
		return err
	}
	if d.learned, err = openLearned(cfg, log, metrics); err != nil {
		return err
	}
	if d.named, err = registerLearned(metrics, d.learned, cfg.Policy.Networks); err != nil {
		return err
	}
	d.named.now = d.clock.Now
	if d.nodes, err = openNodes(context.WithoutCancel(ctx), cfg, log, metrics, d.learned); err != nil {
		return err
	}
	if d.hub, err = openSources(cfg, log, metrics, d.nodes); err != nil {
		return err
	}
	if d.proxy, err = d.newProxy(rules, names, metrics); err != nil {
		return err
	}
	d.nodes.serve(d.proxy)
	if err = d.openCertificates(ctx); err != nil {
		return err
	}
	if d.phones, err = d.listen(ctx, cfg); err != nil {
		return err
	}
	d.admin, err = d.newAdmin(ctx, names, metrics)
	if left := d.sockets.Untaken(); err == nil && len(left) > 0 {
		log.Warn("sockets were handed over that nothing in the configuration takes: connections to them will hang", zap.Strings("names", left))
	}
	return err
}

func newRegistry(b build) *prometheus.Registry {
	r := prometheus.NewRegistry()
	r.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	promauto.With(r).NewGauge(prometheus.GaugeOpts{
		Name: "diastole_build_info", Help: "Always 1; the labels say which build this is.",
		ConstLabels: prometheus.Labels{"version": b.version, "commit": b.commit},
	}).Set(1)
	return r
}

func (d *daemon) newProxy(rules *policy.Policy, names func(string) string, metrics prometheus.Registerer) (*proxy.Proxy, error) {
	cfg := d.config
	toUpstream, err := trusting("upstream.ca", cfg.Upstream.CA)
	if err != nil {
		return nil, err
	}
	return proxy.New(proxy.Config{
		Upstream: cfg.Upstream.URL,
		TLS:      toUpstream,
		Settings: proxySettings(cfg, rules),
		Devices:  d.learned.devices,
		Networks: d.learned.networks,
		Clock:    d.clock,
		Memory:   d.learned.haves.memory,
		Record:   d.record,
		Witness:  d.witness,
		Nodes:    d.nodes.beside(),
		Watch:    watching(d.hub),
		LogName:  names,
		Log:      d.log.Named("proxy"),
		Metrics:  proxy.NewMetrics(metrics),
	}), nil
}

func (d *daemon) newAdmin(ctx context.Context, names func(string) string, metrics prometheus.Gatherer) (*admin.Server, error) {
	if d.config.Admin.Listen == "" {
		return nil, nil
	}
	token, err := d.config.AdminToken()
	if err != nil {
		return nil, err
	}
	given, err := d.sockets.Take(edge.SocketAdmin, d.config.Admin.Listen)
	if err != nil {
		return nil, fmt.Errorf("admin.listen: %w", err)
	}
	secured, err := d.adminTLS(ctx)
	if err != nil {
		return nil, err
	}
	if d.config.Admin.ReadyNeedsUpstream {
		d.gate.upstream = d.proxy.UpstreamReachable
	}
	return admin.Listen(admin.Config{
		Listen:   d.config.Admin.Listen,
		Listener: given,
		Gatherer: metrics,
		Ready:    d.gate.ready,
		Pprof:    d.config.Admin.Pprof,
		Token:    token,
		TLS:      secured,
		Hosts:    d.config.Admin.Hosts,
		Learned:  d.shown(names),
		Log:      d.log.Named("admin"),
	})
}
