package heartbeat

import (
	"math"
	"time"
)

// NetworkSnapshot is all that is kept of a network across restarts.
type NetworkSnapshot struct {
	Network  Network
	Belief   []float32     // how probable the limits 30 s, 60 s .. 3600 s are
	Enforced bool          // a limit was shown by enough devices
	Deaths   []DeathRecord // the last of different devices, newest first
	Lost     float32       // of Waited, that died of another cause
	Waited   float32
	Survived uint32
	Died     uint32
	Asked    []time.Duration // the last intervals asked for, oldest first, at most 200
	When     time.Time       // up to when the belief had been forgotten
	// Networks.Sightings, each as seconds of silence and seconds since 1970: there are a
	// hundred of them in every row.
	Lived, Fell [][2]uint32
	// Whose news have to wait for somebody else's: without it a phone that lies has a
	// new chance with each restart, and with each node.
	Climber uint64    `json:",omitempty"` // survived above what is believed, last
	Climbed time.Time `json:",omitzero"`
	Keeper  uint64    `json:",omitempty"` // survived what is believed, last
	Heard   [2]uint64 `json:",omitzero"`  // whose deaths were taken in last
	HeardAt time.Time `json:",omitzero"`
}

// DeathRecord is one device's last death on a network.
type DeathRecord struct {
	Device uint64        // Key.ID
	At     time.Duration // its age
	Lowest time.Duration // of its deaths lately
	Untold uint8         // how many do not count yet
	When   time.Time
}

// Snapshot gives what is to be kept of a network, false if it is not known.
func (n *Networks) Snapshot(net Network) (NetworkSnapshot, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	e, ok := n.networks.Peek(net)
	if !ok {
		return NetworkSnapshot{}, false
	}
	return e.snapshot(net), true
}

func (e *estimator) snapshot(net Network) NetworkSnapshot {
	s := NetworkSnapshot{
		Network: net, Belief: append([]float32(nil), e.belief.p[:]...), Enforced: e.enforced, Lost: e.lost, Waited: e.waited,
		Survived: e.survived, Died: e.died, Asked: e.asked.all(), When: at1970(e.forgotAt), Lived: e.lived.all(), Fell: e.fell.all(),
		Climber: e.climber, Keeper: e.keeper, Heard: e.deaths.heard,
	}
	if e.climber != 0 {
		s.Climbed = at1970(e.climbedAt)
	}
	if e.deaths.heardAt != 0 {
		s.HeardAt = at1970(e.deaths.heardAt)
	}
	for _, x := range e.deaths.last {
		if x.when > 0 {
			s.Deaths = append(s.Deaths, DeathRecord{x.device, x.at.duration(), x.lowest.duration(), x.untold, at1970(x.when)})
		}
	}
	return s
}

// Restore brings a network back, in place of what is known of it; restore the one
// heard of last at last. A belief that cannot be, or of another grid, begins anew:
// wrong advice would be worse than none.
func (n *Networks) Restore(s NetworkSnapshot) {
	e := restored(s)
	n.mu.Lock()
	defer n.mu.Unlock()
	n.networks.Add(s.Network, e)
}

func restored(s NetworkSnapshot) *estimator {
	e := newEstimator(since1970(s.When))
	if e.belief.restore(s.Belief) {
		e.enforced = s.Enforced
		e.refresh()
	}
	if s.Waited >= 1 && s.Waited <= waitsRemembered+1 && s.Lost >= 0 && s.Lost <= s.Waited {
		e.lost, e.waited = s.Lost, s.Waited
	}
	e.survived, e.died = s.Survived, s.Died
	for i, x := range s.Deaths[:min(len(s.Deaths), len(e.deaths.last))] {
		e.deaths.last[i] = death{x.Device, inSeconds(x.At), inSeconds(x.Lowest), min(x.Untold, mostUntold), since1970(x.When)}
	}
	for _, asked := range s.Asked {
		e.asked.add(asked)
	}
	e.lived.restore(s.Lived)
	e.fell.restore(s.Fell)
	e.climber, e.keeper, e.deaths.heard = s.Climber, s.Keeper, s.Heard
	if !s.Climbed.IsZero() {
		e.climbedAt = since1970(s.Climbed)
	}
	if !s.HeardAt.IsZero() {
		e.deaths.heardAt = since1970(s.HeardAt)
	}
	return e
}

// restore takes a belief back that is one.
func (b *belief) restore(p []float32) bool {
	if len(p) != points {
		return false
	}
	var sum float32
	for _, x := range p {
		if !(x >= 0) { // NaN too
			return false
		}
		sum += x
	}
	if !(sum > 0) || math.IsInf(float64(sum), 0) {
		return false
	}
	copy(b.p[:], p)
	b.sum = sum
	return true
}

func (a *askedMean) all() []time.Duration {
	n := min(a.n, exchangeSample)
	all := make([]time.Duration, n)
	for i := range all {
		all[i] = a.last[(a.n-n+i)%exchangeSample].duration()
	}
	return all
}

func at1970(d time.Duration) time.Time { return time.Unix(int64(d/time.Second), 0) }
