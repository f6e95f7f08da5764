package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"syscall"
	"time"

	"go.uber.org/zap"
)

// firstLook bounds the one look at the upstream at start.
const firstLook = 10 * time.Second

// gate is what /readyz asks.
type gate struct {
	draining atomic.Bool
	upstream func(context.Context) error // nil: not asked
}

func (g *gate) ready(ctx context.Context) error {
	if g.draining.Load() {
		return errors.New("draining: this process is about to stop")
	}
	if g.upstream != nil {
		if err := g.upstream(ctx); err != nil {
			return fmt.Errorf("the upstream cannot be reached: %w", err)
		}
	}
	return nil
}

// run answers until a signal or a broken listener, and then drains.
func (d *daemon) run(signals <-chan os.Signal, terminal bool) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	defer d.close()
	broken := make(chan error, 2)
	go func() { broken <- d.phones.Serve() }()
	if d.admin != nil {
		d.log.Named("admin").Info("listening", zap.Stringer("address", d.admin.Addr()))
		go func() { broken <- d.admin.Serve() }()
	}
	go d.lookAtUpstream(ctx)
	for {
		select {
		case err := <-broken:
			return err
		case s := <-signals:
			if s == syscall.SIGHUP && !terminal {
				// Its default would be to die without a drain, and other daemons reload at it.
				d.log.Warn("SIGHUP: this version does not reload its configuration, restart it instead")
				continue
			}
			return d.drain(s, signals)
		}
	}
}

// lookAtUpstream says at start what an operator would otherwise learn from the
// phones. It is no reason not to start: servers reboot too.
func (d *daemon) lookAtUpstream(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, firstLook)
	defer cancel()
	err := d.proxy.UpstreamReachable(ctx)
	switch {
	case err == nil:
		d.log.Info("the upstream can be reached")
	case !errors.Is(err, context.Canceled): // otherwise it is we who stop
		d.log.Warn("the upstream cannot be reached: phones will get 503 until it can", zap.Error(err))
	}
}

var errStoppedAtOnce = errors.New("stopped at once by a second signal: waits that were held are cut")

// drain ends the process in good order:
//
//  1. /readyz fails, so that no balancer sends new phones;
//  2. every held wait gets an ordinary "nothing new", spread over the window;
//  3. no connection is accepted, and what is on its way is waited for;
//  4. when the time is over, the rest is cut.
//
// A second signal goes to step 4 at once.
func (d *daemon) drain(s os.Signal, signals <-chan os.Signal) error {
	d.gate.draining.Store(true) // before the line: who reads it and asks /readyz is told the same
	d.log.Info("draining", zap.Stringer("signal", s), zap.Duration("within", d.config.Drain))
	d.proxy.Drain(window(d.config.Drain))
	ctx, cancel := context.WithTimeout(context.Background(), d.config.Drain)
	defer cancel()
	shut := make(chan error, 1)
	go func() { shut <- d.phones.Shutdown(ctx) }()
	select {
	case err := <-shut:
		if err != nil {
			d.log.Warn("the time to drain is over, requests on their way are cut", zap.Error(err))
		}
		d.log.Info("drained")
		return nil
	case <-signals:
		return errStoppedAtOnce
	}
}

// window leaves a little of the time to drain for the last answers to be written.
func window(drain time.Duration) time.Duration {
	return drain - min(drain/5, 2*time.Second)
}

// close ends what has begun, from outside to inside: what the last answers taught
// is saved too.
func (d *daemon) close() {
	if d.phones != nil {
		if err := d.phones.Close(); err != nil {
			d.log.Debug("closing the listener for phones", zap.Error(err))
		}
	}
	if d.admin != nil {
		if err := d.admin.Close(); err != nil {
			d.log.Debug("closing the admin listener", zap.Error(err))
		}
	}
	if d.learned != nil {
		d.learned.close()
	}
}
