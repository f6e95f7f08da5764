package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"go.uber.org/zap"
)

// firstLook bounds the one look at the upstream at start.
const firstLook = 10 * time.Second

// gate is what /readyz asks.
type gate struct {
	draining atomic.Bool
	upstream func(context.Context) error // nil: not asked
}

// register shows the state as a metric: a restart that was meant looks like one.
func (g *gate) register(r prometheus.Registerer) {
	promauto.With(r).NewGaugeFunc(prometheus.GaugeOpts{Name: "diastole_draining",
		Help: "1 while held waits are answered because the process is about to stop."}, func() float64 { return oneIf(g.draining.Load()) })
}

// drains says why no new phones should come though all else is well.
func (g *gate) drains() error {
	if g.draining.Load() {
		return errors.New("draining: this process is about to stop")
	}
	return nil
}

func (g *gate) ready(ctx context.Context) error {
	if err := g.drains(); err != nil {
		return err
	}
	if g.upstream != nil {
		if err := g.upstream(ctx); err != nil {
			return fmt.Errorf("the upstream cannot be reached: %w", err)
		}
	}
	return nil
}

// run answers until a signal or a broken listener, and then drains.
func (d *daemon) run(told signals) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer d.close()
	defer cancel() // before close, which waits for former listeners
	d.answer(d.phones)
	if d.admin != nil {
		d.log.Named("admin").Info("listening", zap.Stringer("address", d.admin.Addr()))
		go func() { d.breaks(d.admin.Serve()) }()
	}
	go d.lookAtUpstream(ctx)
	go trimMemory(ctx, d.log)
	go d.sampleLoad(ctx)
	d.manager.ready("started")
	if d.manager.listens() {
		go d.report(ctx)
	}
	for {
		select {
		case err := <-d.broken:
			return err
		case <-d.turns:
		case <-told.reload:
			d.manager.reloading()
			d.manager.ready(d.reload(ctx))
		case s := <-told.stop:
			return d.drain(s, told)
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
// A second signal goes to step 4 at once. There is nothing to reload any more.
func (d *daemon) drain(s os.Signal, told signals) error {
	d.gate.draining.Store(true) // before the line: who reads it and asks /readyz is told the same
	d.manager.stopping(d.config.Drain)
	d.log.Info("draining", zap.Stringer("signal", s), zap.Float64("within_seconds", d.config.Drain.Seconds()))
	d.proxy.Drain(window(d.config.Drain))
	ctx, cancel := context.WithTimeout(context.Background(), d.config.Drain)
	defer cancel()
	shut := make(chan error, 1)
	go func() { shut <- d.shut(ctx) }()
	for {
		select {
		case err := <-shut:
			if err != nil {
				d.log.Warn("the time to drain is over, requests on their way are cut", zap.Error(err))
			}
			d.log.Info("drained")
			return nil
		case <-d.turns:
		case <-told.stop:
			return errStoppedAtOnce
		}
	}
}

// shut waits until nothing is on its way any more, on no listener.
func (d *daemon) shut(ctx context.Context) error {
	if err := d.phones.shut(ctx, d.proxy.Drained()); err != nil {
		return err
	}
	left := make(chan struct{})
	go func() {
		d.leaving.Wait()
		close(left)
	}()
	select {
	case <-left:
		return nil
	case <-ctx.Done():
		return ctx.Err()
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
	d.leaving.Wait()
	d.closeCertificates()
	if d.proxy != nil {
		d.proxy.Close()
	}
	if d.hub != nil { // after the waits that listen to it
		d.hub.Close()
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
