package heartbeat

import "time"

// probe is the one wait of a network that is allowed to go above what is known to
// be safe. Without it nobody would ever see that the limit was raised, nor where
// between a wait that lived and one that died it lies. A search like that of a path
// MTU: half-way into what is possible while much is open, one small step when only
// a change could be found.
type probe struct {
	device uint64 // 0 = nobody is trying
	since  time.Duration
	at     time.Duration
	waits  int // that were held to the advice since the last probe
}

const (
	worthTrying = 0.15 // less likely to survive: would cost a phone its push for too little
	likely      = 0.5
	patience    = 200             // waits between probes that will rather die than live
	grace       = 2 * time.Minute // after which a probe that told nothing is given up
)

// over ends the probe of a device that told how its wait ended.
func (p *probe) over(device uint64) {
	if p.device == device {
		p.device = 0
	}
}

func (p *probe) running(now time.Duration) bool {
	return p.device != 0 && now-p.since < p.at+grace
}

// target is the point worth trying, and how likely it is to be survived.
func (e *estimator) target() (point int, chance float32) {
	point = max(e.low+1, e.belief.quantile(likely))
	return point, e.belief.atLeast(point)
}

// allow gives how long a wait may be that asks for more than advice.
func (e *estimator) allow(now time.Duration, half time.Duration, device uint64, asked, advice time.Duration) time.Duration {
	e.probe.waits++
	if asked < limitAt(e.low+1) || e.probe.running(now) || e.deaths.justHeard(device, now, half) {
		return advice
	}
	point, chance := e.target()
	if point >= points || chance < worthTrying || chance < likely && e.probe.waits < patience {
		return advice
	}
	at := min(limitAt(point), asked)
	e.probe = probe{device: device, since: now, at: at}
	return at
}
