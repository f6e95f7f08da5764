package main

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/diastole/diastole/heartbeat"
	"github.com/diastole/diastole/internal/config"
	"github.com/diastole/diastole/internal/store"
	"github.com/diastole/diastole/internal/store/redis"
	"github.com/diastole/diastole/proxy"
	"github.com/diastole/diastole/proxy/watch"
)

// learned is what is known of devices and networks, and where it is kept.
type learned struct {
	devices  *heartbeat.Tracker
	networks *heartbeat.Networks
	haves    *haves
	node     string                // this life of this process, "" where it is alone
	nodes    atomic.Pointer[nodes] // beside this one; nil: none
	putting  sync.RWMutex          // read-locked from a look at a device until that is put
	store    *store.Store
	lasting  bool // the store is a file
	log      *zap.Logger
	saved    map[heartbeat.Network]heartbeat.Advice // what is saved of networks; the saver's own
	once     sync.Once
	stop     chan struct{}
	stopped  chan struct{} // the saver has ended
}

const (
	// saveEvery is how much of what was learned of networks a crash may cost.
	saveEvery = time.Minute

	// saveWithin bounds the saving at a stop: a disk that hangs must not keep the
	// process from ending.
	saveWithin = 5 * time.Second
)

// openLearned brings back what was learned before. A store that cannot be read is
// no reason not to start: without it there is push, and learning begins anew. A
// file that is somebody else's is one: it would be written over.
func openLearned(cfg *config.Config, log *zap.Logger, metrics prometheus.Registerer) (*learned, error) {
	l := &learned{
		devices: heartbeat.NewTracker(heartbeat.TrackerConfig{}),
		node:    nodeName(cfg),
		lasting: cfg.State.Path != "",
		log:     log,
		stop:    make(chan struct{}),
		stopped: make(chan struct{}),
	}
	l.networks = heartbeat.NewNetworks(heartbeat.NetworksConfig{Margin: cfg.Policy.Margin, Node: l.node})
	var err error
	l.store, err = store.Open(store.Config{Path: cfg.State.Path, Log: log.Named("store"), Metrics: store.NewMetrics(metrics)})
	if err != nil {
		return nil, err
	}
	l.haves = newHaves(havesConfig{store: l.store, lasting: l.lasting && l.node == "", log: log, changed: l.changed})
	if l.lasting {
		l.restore(context.Background())
	}
	go l.save()
	return l, nil
}

// nodeName is drawn where there are others to tell it from.
func nodeName(cfg *config.Config) string {
	if cfg.State.Redis == nil {
		return ""
	}
	return redis.NewNode()
}

// changed is told that what a device has has changed.
func (l *learned) changed(d watch.Device) { l.nodes.Load().changed(keyOf(d)) }

// restore takes in what the store kept.
func (l *learned) restore(ctx context.Context) {
	devices, networks := 0, 0
	for d, err := range l.store.Devices(ctx) {
		if err != nil {
			l.log.Error("not all devices could be read, the others begin anew", zap.Error(err))
			break
		}
		l.devices.Restore(d)
		devices++
	}
	for n, err := range l.store.Networks(ctx) {
		if err != nil {
			l.log.Error("not all networks could be read, the others are learned anew", zap.Error(err))
			break
		}
		l.networks.Restore(n)
		networks++
	}
	l.log.Info("what was learned before is known", zap.Int("devices", devices), zap.Int("networks", networks),
		zap.Int("devices_with_keys", l.haves.restore(ctx)))
}

// record keeps a wait that has ended. It stands in the way of an answer and so
// only puts things down: writing is the store's own business.
func (l *learned) record(r proxy.Record) {
	l.putting.RLock()
	defer l.putting.RUnlock()
	d, known := l.devices.Snapshot(r.Key)
	if !known {
		return // its user was forgotten: what comes late of a wait, its proof, would bring both back
	}
	l.store.PutWait(store.Wait{
		Key: r.Key, Ended: r.When, Network: r.Wait.Network, Kind: r.Kind, Rule: r.Rule,
		Asked: r.Wait.Asked, Given: r.Wait.Given, Held: r.Wait.Held, Outcome: r.Wait.Outcome, Proof: r.Wait.Proof,
	})
	if l.lasting { // otherwise the tracker is the memory, a second one would only cost
		l.store.PutDevice(d)
	}
	l.nodes.Load().changed(r.Key)
}

// save keeps what the devices have, every second, and the networks that something
// was learned of, every minute.
func (l *learned) save() {
	defer close(l.stopped)
	networks, haves := time.NewTicker(saveEvery), time.NewTicker(saveHavesEvery)
	defer networks.Stop()
	defer haves.Stop()
	for {
		select {
		case <-haves.C:
			next := saveHavesEvery
			if l.haves.save(l.putting.RLocker()) != nil {
				next = saveHavesAgain
			}
			haves.Reset(next)
		case <-networks.C:
			l.saveNetworks()
		case <-l.stop:
			_ = l.haves.save(l.putting.RLocker()) // the store says so
			l.saveNetworks()
			return
		}
	}
}

// saveRows is how many rows are put before they are written out: the store's queue
// is bounded and would drop what waits of devices put meanwhile.
const saveRows = 1000

// saveNetworks puts the networks that say something else than when they were put last.
func (l *learned) saveNetworks() {
	if !l.lasting {
		return
	}
	saved, put := map[heartbeat.Network]heartbeat.Advice{}, 0
	for n := range l.networks.All {
		a := l.networks.Advise(time.Now(), n)
		was, ok := l.saved[n]
		saved[n] = a
		if ok && was == a {
			continue
		}
		if s, known := l.networks.Snapshot(n); known {
			l.store.PutNetwork(s)
		}
		if put++; put%saveRows == 0 && l.store.Flush() != nil {
			break // the store says so; its rows wait on, and those not put yet are put in a minute
		}
	}
	l.saved = saved
}

// close keeps what was learned to the end. Nobody may be answered any more.
func (l *learned) close() {
	l.nodes.Load().close()
	ctx, cancel := context.WithTimeout(context.Background(), saveWithin)
	defer cancel()
	l.once.Do(func() { close(l.stop) })
	select {
	case <-l.stopped:
	case <-ctx.Done():
	}
	if err := l.store.Close(ctx); err != nil && l.lasting {
		l.log.Error("what was learned last could not be saved", zap.Error(err))
	}
}
