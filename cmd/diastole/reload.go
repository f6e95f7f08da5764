package main

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strings"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/diastole/diastole/internal/config"
	"github.com/diastole/diastole/policy"
	"github.com/diastole/diastole/proxy"
)

// reloadable are the keys that a reload applies, beside all of policy. Every other key
// needs a restart; so does one that is new and that nobody has thought about.
var reloadable = []string{
	"listen", "drain", "log.level", "log.access", "forwarded.trusted",
	"upstream.profile", "upstream.hold", "upstream.slice", "upstream.linger", "upstream.max_waits", "upstream.pace",
	"upstream.check", "upstream.max_checks", "upstream.check_pace", "upstream.location_hosts", "wake.poll", "wake.safety",
}

func needsRestart(key string) bool {
	return !strings.HasPrefix(key, "policy.") && !certificateKey(key) && !slices.Contains(reloadable, key) && !slices.Contains(limitKeys, key)
}

// inTime parts keys that have changed into those that can be applied and those that
// need a restart. The way of holding goes with the sources: with the ones in force it
// may hear of changes late.
func inTime(changed []string) (now, late []string) {
	sources := slices.ContainsFunc(changed, func(key string) bool { return strings.HasPrefix(key, "wake.") && needsRestart(key) })
	for _, key := range changed {
		if needsRestart(key) || sources && key == "upstream.hold" {
			late = append(late, key)
		} else {
			now = append(now, key)
		}
	}
	return now, late
}

// reload reads the file again and keeps every wait. A file that cannot be used
// changes nothing: phones do not lose their push over a slip of the pen, and the
// metrics say that what runs is not what is written. It returns the same in words.
func (d *daemon) reload(ctx context.Context) string {
	if d.source.Config == "" {
		d.log.Warn("SIGHUP: there is no file to read again, the settings came from the command line")
		return "no file to read again"
	}
	changed, err := d.readAgain(ctx)
	d.reloads.note(err)
	if err != nil {
		d.log.Error("the configuration cannot be used, the one in force stays", zap.Error(err))
		return "the configuration cannot be used, the one in force stays: " + err.Error()
	}
	d.log.Info("the configuration was read again", zap.Strings("changed", changed))
	return "the configuration was read again"
}

// readAgain puts the file into force, all of it or nothing. What can fail comes
// first: the file, then a new address.
func (d *daemon) readAgain(ctx context.Context) ([]string, error) {
	cfg, err := d.source.load()
	if err != nil {
		return nil, err
	}
	changed, late := inTime(config.Changed(d.config, cfg))
	cfg.Take(late, d.config) // what is in force, so that the next reload compares with that
	rules, err := policy.Compile(cfg.Policy)
	if err != nil {
		return nil, err
	}
	former := d.phones
	if cfg.Listen != d.config.Listen {
		if d.phones, err = d.listen(ctx, cfg); err != nil {
			d.phones = former
			return nil, addressInUse(err, cfg.Listen, d.config.Listen)
		}
	}
	if err = d.renewCertificates(cfg); err != nil {
		if d.phones != former {
			d.phones.forsake()
			d.phones = former
		}
		return nil, err
	}
	d.apply(cfg, rules)
	if d.phones != former {
		d.answer(d.phones)
		d.leave(ctx, former)
	}
	if limit := connections(d.files, cfg.Upstream.MaxWaits); limit != d.phones.limit {
		d.log.Warn("upstream.max_waits is in force, the limit of connections that goes with it needs a restart",
			zap.Int("connections_limit", d.phones.limit), zap.Int("after_a_restart", limit))
	}
	if slices.Contains(changed, "upstream.hold") {
		warnUnheard(cfg, d.log)
	}
	if len(late) > 0 {
		d.log.Warn("these keys need a restart, what they said before is still in force", zap.Strings("keys", late))
	}
	return changed, nil
}

// addressInUse adds the reason that nobody would guess: two addresses with one port
// exclude each other if one of them is every address of the machine.
func addressInUse(err error, wanted, now string) error {
	_, a, _ := net.SplitHostPort(wanted)
	_, b, _ := net.SplitHostPort(now)
	if a == b {
		return fmt.Errorf("listen: %w: from %s to another address with the same port needs a restart", err, now)
	}
	return fmt.Errorf("listen: %w", err)
}

// apply puts a configuration into force. Waits that are held go on with what was
// decided for them.
func (d *daemon) apply(cfg *config.Config, rules *policy.Policy) {
	d.config = cfg
	d.inForce.Store(&cfg.Upstream)
	d.rules.Store(rules)
	d.proxy.Apply(proxySettings(cfg, rules))
	d.callers.Limit(addressLimits(cfg))
	d.learned.networks.SetMargin(cfg.Policy.Margin)
	d.named.name(cfg.Policy.Networks)
	if level, err := zapcore.ParseLevel(cfg.Log.Level); err == nil { // the file allows no other
		d.level.SetLevel(level)
	}
}

// proxySettings are what the proxy may be told again and again.
func proxySettings(cfg *config.Config, rules *policy.Policy) proxy.Settings {
	up := cfg.Upstream
	hold := proxy.Hold{
		Linger: up.Linger, MaxWaits: up.MaxWaits, Pace: up.Pace,
		Edge: up.Hold == "edge", Check: up.CheckKind(), MaxChecks: up.MaxChecks, CheckPace: up.CheckPace,
		Poll: cfg.Wake.Poll, Safety: cfg.Wake.Safety,
	}
	if up.Hold == "slice" {
		hold.Slice = up.Slice
	}
	return proxy.Settings{
		Policy: rules, Hold: hold, Shield: shieldSettings(cfg),
		ForwardedFrom: cfg.Forwarded.Trusted,
		ClientHeaders: cfg.TLS.Clients.Headers,
		LocationHosts: cfg.Upstream.LocationHosts,
		LogRequests:   cfg.Log.Access,
	}
}
