package heartbeat

import "time"

// probe is the one wait of a network that is allowed to go above what is known to
// be safe. Without it nobody would ever see that the limit was raised, nor where
// between a wait that lived and one that died it lies. A search like that of a path
// MTU: half-way into what is possible, then small steps, until what is left is next
// to nothing. From then on a try is rare: only a change could make it succeed.
type probe struct {
	device uint64 // 0 = nobody is trying
	since  time.Duration
	at     time.Duration
	waits  int  // that asked for more since a probe told something
	found  bool // the search is over
}

const (
	// hopeless ends the search. A single death that had another cause leaves more, so
	// that another device tries the same again.
	hopeless = 0.005
	// After the search a try must be worth its risk, and be one among so many waits: a
	// network of three phones must not pay as much as one of a hundred.
	worthTrying, patience = 0.15, 200
	// grace is the time after which a probe that told nothing is given up.
	grace = 2 * time.Minute
)

// over ends the probe of a device that told how its wait ended. One that mail ended
// before its time tried nothing: another may at once.
func (p *probe) over(e Evidence) {
	if p.device != e.Device {
		return
	}
	p.device = 0
	if e.Died || e.At+slack >= p.at {
		p.waits = 0
	}
}

func (p *probe) running(now time.Duration) bool {
	return p.device != 0 && within(p.since, now, p.at+grace)
}

// again begins the search anew: the limit is not where it was found.
func (p *probe) again() { p.found = false }

// worth tells whether a try with such a chance is to be made now.
func (p *probe) worth(chance float32) bool {
	if chance < hopeless {
		p.found = true
	}
	return !p.found || chance >= worthTrying && p.waits >= patience
}

// allow gives how long a wait may be that asks for more than advice.
func (e *estimator) allow(now time.Duration, half time.Duration, device uint64, asked, advice time.Duration) time.Duration {
	e.probe.waits++
	// One whose news would not count must not risk its push for nothing.
	if asked < limitAt(e.low+1) || e.probe.running(now) || e.deaths.justHeard(device, now, half) || e.justClimbed(device, now, half) {
		return advice
	}
	point := max(e.low+1, e.belief.quantile(0.5))
	if point >= points || !e.probe.worth(e.belief.atLeast(point)) {
		return advice
	}
	at := min(limitAt(point), asked)
	e.probe.device, e.probe.since, e.probe.at = device, now, at
	return at
}
