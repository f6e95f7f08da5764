package heartbeat

import (
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

// What a Networks does if nothing is said.
const (
	DefaultNetworks = 20_000 // 1.5 KB each, 2.5 once much was seen
	DefaultHalfLife = 24 * time.Hour
	DefaultMargin   = 30 * time.Second
)

// NetworksConfig says how networks are learned.
type NetworksConfig struct {
	Networks int           // how many are known; 0 = DefaultNetworks; beyond it the one not heard of for longest is forgotten
	HalfLife time.Duration // after which half of what speaks against longer waits is forgotten; 0 = DefaultHalfLife
	Margin   time.Duration // to stay below what is sure; 0 = DefaultMargin
	Node     string        // by which this life of this process is known to others that learn of the same networks; "" = alone
}

// Networks knows what each network's idle limit is thought to be. What is seen on
// one teaches nothing about another.
type Networks struct {
	config   NetworksConfig // Margin is guarded by mu too
	mu       sync.Mutex
	networks *simplelru.LRU[Network, *estimator] // guarded by mu, and so is every estimator
}

// NewNetworks makes a Networks that knows nothing.
func NewNetworks(c NetworksConfig) *Networks {
	if c.Networks <= 0 {
		c.Networks = DefaultNetworks
	}
	if c.HalfLife <= 0 {
		c.HalfLife = DefaultHalfLife
	}
	if c.Margin <= 0 {
		c.Margin = DefaultMargin
	}
	networks, _ := simplelru.NewLRU[Network, *estimator](c.Networks, nil) // fails for no size only
	return &Networks{config: c, networks: networks}
}

// SetMargin changes the margin of all advice from now on; 0 = DefaultMargin.
func (n *Networks) SetMargin(margin time.Duration) {
	if margin <= 0 {
		margin = DefaultMargin
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.config.Margin = margin
	for _, e := range n.networks.Values() {
		e.stale = true // an advice that is kept until something is seen would go on with the old one
	}
}

// of gives what is known of a network, which is made if it is new.
func (n *Networks) of(net Network, now time.Duration) *estimator {
	if e, ok := n.networks.Get(net); ok {
		return e
	}
	e := newEstimator(now)
	n.networks.Add(net, e)
	return e
}

// Asked notes that a device asked for an interval, for the mean of the last 200.
func (n *Networks) Asked(now time.Time, net Network, asked time.Duration) {
	n.mu.Lock()
	defer n.mu.Unlock()
	e := n.of(net, since1970(now))
	e.asked.add(asked)
	n.journal(e, now, journaled{at: inSeconds(asked), what: wasAsked})
}

// Observe takes in what a wait told about a network.
func (n *Networks) Observe(now time.Time, net Network, what Evidence) {
	if what.At < shortestSilence {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	at := since1970(now)
	e := n.of(net, at)
	e.observe(at, n.config.HalfLife, what)
	kind := didSurvive
	if what.Died {
		kind = didDie
	}
	n.journal(e, now, journaled{device: what.Device, at: inSeconds(what.At), what: kind})
}

// journal notes what the other nodes are to be told.
func (n *Networks) journal(e *estimator, now time.Time, x journaled) {
	if n.config.Node != "" {
		x.when = stamp(now)
		e.journaling().note(x)
	}
}

// Allow gives how long a wait of a device may be that asks for asked: mostly
// Advice.Interval, 0 if there is nothing to say. One wait at a time, of a device that
// asks for more, is allowed more, to try whether the network survives that. It is
// for waits that begin; to show advice, Advise is.
func (n *Networks) Allow(now time.Time, net Network, device uint64, asked time.Duration) time.Duration {
	n.mu.Lock()
	defer n.mu.Unlock()
	e, ok := n.networks.Get(net)
	if !ok {
		return 0
	}
	at := since1970(now)
	e.forget(at, n.config.HalfLife)
	advice := e.interval(n.config.Margin)
	if advice == 0 || asked <= advice {
		return advice
	}
	return e.allow(at, n.config.HalfLife, device, asked, advice)
}

// Advise says what is known of a network.
func (n *Networks) Advise(now time.Time, net Network) Advice {
	n.mu.Lock()
	defer n.mu.Unlock()
	e, ok := n.networks.Peek(net)
	if !ok {
		return Advice{}
	}
	e.forget(since1970(now), n.config.HalfLife)
	a := e.advise(since1970(now), n.config)
	a.MeanAsked, a.Event1040 = e.asked.mean(), e.asked.alarming()
	return a
}

// All gives the networks, the one heard of last first. It does not hold up the
// others meanwhile: networks that come during it are not given.
func (n *Networks) All(yield func(Network) bool) {
	n.mu.Lock()
	names := n.networks.Keys()
	n.mu.Unlock()
	for i := len(names) - 1; i >= 0; i-- {
		if !yield(names[i]) {
			return
		}
	}
}

// since1970 is a time as a million estimators compare it: in whole seconds.
func since1970(t time.Time) time.Duration { return time.Duration(stamp(t)) * time.Second }
