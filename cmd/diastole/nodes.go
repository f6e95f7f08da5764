package main

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/diastole/diastole/heartbeat"
	"github.com/diastole/diastole/internal/config"
	"github.com/diastole/diastole/internal/store/redis"
	"github.com/diastole/diastole/internal/wake"
	"github.com/diastole/diastole/internal/wake/dovecot"
	"github.com/diastole/diastole/proxy"
	"github.com/diastole/diastole/proxy/watch"
)

// nodes is what this node has to do with those beside it; nil where there are none.
type nodes struct {
	store   *redis.Store
	learned *learned
	secret  [32]byte
	proxy   atomic.Pointer[proxy.Proxy]    // nil until it is made
	dovecot atomic.Pointer[dovecot.Source] // nil where there is none
	log     *zap.Logger
}

// openNodes connects to state.redis, if there is one.
func openNodes(ctx context.Context, cfg *config.Config, log *zap.Logger, metrics prometheus.Registerer, l *learned) (*nodes, error) {
	if cfg.State.Redis == nil {
		return nil, nil
	}
	key, err := cfg.StateKey()
	if err != nil {
		return nil, err
	}
	password, err := cfg.RedisPassword()
	if err != nil {
		return nil, err
	}
	trusted, err := trusting("state.ca", cfg.State.CA)
	if err != nil {
		return nil, err
	}
	log = log.Named("redis")
	if at := cfg.State.Redis; at.Scheme == "redis" && password != "" && !isHere(net.JoinHostPort(at.Hostname(), "0")) {
		log.Warn("the password of Redis goes over the network in clear, what is kept there does not: write rediss:// in state.redis", zap.String("address", at.Host))
	}
	n := &nodes{learned: l, secret: redis.Derive(key, "credentials"), log: log}
	at := *cfg.State.Redis
	if cfg.State.Cluster {
		at.Path = ""
	}
	n.store, err = redis.Open(ctx, redis.Config{
		URL: at.String(), Password: password, TLS: trusted, Cluster: cfg.State.Cluster, Secret: key, Node: l.node,
		Networks: l.networks, State: n.state, Taken: n.taken, Found: n.found, Heard: n.heard,
		Log: log, Metrics: redis.NewMetrics(metrics),
	})
	if err != nil {
		return nil, err
	}
	log.Info("what is known is shared", zap.String("node", l.node), zap.String("redis", at.Redacted()), zap.Bool("cluster", cfg.State.Cluster))
	l.nodes.Store(n)
	return n, nil
}

// deviceState is what is shared of a device: how it negotiates, what it has, and with
// which credentials its server has answered it last, as a keyed digest.
type deviceState struct {
	Ladder   *heartbeat.DeviceSnapshot `json:",omitempty"`
	Has      *watch.Snapshot           `json:",omitempty"`
	Accepted watch.Credentials
}

func keyOf(d watch.Device) heartbeat.Key {
	return heartbeat.Key{Principal: d.Principal, Device: d.ID, Type: d.Type}
}

func deviceOf(k heartbeat.Key) watch.Device {
	return watch.Device{Principal: k.Principal, ID: k.Device, Type: k.Type}
}

// state is what is known of a device here.
func (n *nodes) state(key heartbeat.Key) ([]byte, bool) {
	var s deviceState
	d := deviceOf(key)
	if ladder, known := n.learned.devices.Snapshot(key); known {
		s.Ladder = &ladder
	}
	memory := n.learned.haves.memory
	if has, known := memory.Snapshot(d); known {
		s.Has = &has
	}
	s.Accepted = memory.Credentials(d)
	if s.Ladder == nil && s.Has == nil {
		return nil, false
	}
	text, err := json.Marshal(s)
	if err != nil {
		panic("BUG: nodes: " + err.Error())
	}
	return text, true
}

// arrives brings what is known of a device up to date.
func (n *nodes) arrives(d watch.Device, fresh bool) (doubtful bool) {
	key := keyOf(d)
	state, arrival := n.store.Arrive(key, fresh)
	if arrival != redis.Elsewhere {
		return arrival == redis.Doubtful
	}
	var s deviceState
	if len(state) == 0 || json.Unmarshal(state, &s) != nil {
		return true // nobody had the time to say what it has, or it is of another version
	}
	n.learned.putting.RLock() // nobody is forgotten meanwhile
	defer n.learned.putting.RUnlock()
	memory := n.learned.haves.memory
	if s.Has == nil || s.Has.Device != d { // a name that JSON cannot say
		memory.Doubt(d)
	} else {
		memory.Replace(*s.Has, s.Accepted)
	}
	if s.Ladder == nil {
		return false
	}
	s.Ladder.Key = key // names are any bytes, which JSON's strings are not
	if ours, known := n.learned.devices.Snapshot(key); !known || s.Ladder.Seen.After(ours.Seen) {
		n.learned.devices.Restore(*s.Ladder)
	}
	return false
}

// holds tells the others that a device is this node's.
func (n *nodes) holds(d watch.Device, accepted bool) {
	key := keyOf(d)
	n.store.Holds(key)
	if accepted {
		n.store.Changed(key)
	}
}

// changed has what is known of a device written, soon.
func (n *nodes) changed(key heartbeat.Key) {
	if n != nil {
		n.store.Changed(key)
	}
}

// taken ends the waits of a device that another node has.
func (n *nodes) taken(key heartbeat.Key) {
	if p := n.proxy.Load(); p != nil {
		go p.Taken(deviceOf(key)) // a phone may be slow to take its answer
	}
}

// found is told of a device that came while nobody could be asked. What it has it has
// said here itself by now; that its credentials are good may be news.
func (n *nodes) found(key heartbeat.Key, state []byte) {
	var s deviceState
	if p := n.proxy.Load(); p != nil && json.Unmarshal(state, &s) == nil {
		go p.Vouch(deviceOf(key), s.Accepted)
	}
}

// heard takes in what another node says.
func (n *nodes) heard(w redis.Word) {
	if w.Forget != "" {
		go n.learned.forgetHere(w.Forget)
	}
	if source := n.dovecot.Load(); source != nil && w.User != "" {
		source.Hear(dovecot.Notice{Driver: w.Driver, User: w.User, Classes: wake.Classes(w.Classes)})
	}
}

// tell tells the others what Dovecot has told this node.
func (n *nodes) tell(said dovecot.Notice) {
	if n != nil {
		n.store.Say(redis.Word{User: said.User, Driver: said.Driver, Classes: uint8(said.Classes)})
	}
}

// forget has a user forgotten in Redis and on all other nodes.
func (n *nodes) forget(names []string) (stored int, err error) {
	if n == nil {
		return 0, nil
	}
	var failed []error
	for _, name := range names {
		gone, err := n.store.Forget(name)
		stored += gone
		failed = append(failed, err)
	}
	return stored, errors.Join(failed...)
}

// serve says whose waits end when a device goes elsewhere.
func (n *nodes) serve(p *proxy.Proxy) {
	if n != nil {
		n.proxy.Store(p)
	}
}

// hears says who takes in what Dovecot tells other nodes.
func (n *nodes) hears(source *dovecot.Source) {
	if n != nil {
		n.dovecot.Store(source)
	}
}

// beside is what the proxy has to know of them.
func (n *nodes) beside() proxy.Nodes {
	if n == nil {
		return proxy.Nodes{}
	}
	return proxy.Nodes{Arrives: n.arrives, Holds: n.holds, Secret: n.secret}
}

func (n *nodes) close() {
	if n == nil {
		return
	}
	if err := n.store.Close(); err != nil {
		n.log.Debug("closing the connections to Redis", zap.Error(err))
	}
}
