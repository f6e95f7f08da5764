package heartbeat

import (
	"math"
	"time"
)

// estimator learns the idle limit of one network. Times are since 1970.
type estimator struct {
	belief belief
	deaths deaths
	probe  probe
	asked  askedMean

	climber   uint64 // survived above what is believed, last: its next ones do not count
	climbedAt time.Duration
	keeper    uint64 // survived what is believed, last: its next do not count before another's

	forgotAt       time.Duration
	lost, waited   float32 // waits that had nothing to do with the limit: how many died, of how many
	survived, died uint32
	lived, fell    sightings // the last of them
	enforced       bool      // there is a limit, shown by enough devices

	own *journal // what this node has seen itself; nil: nobody else is told

	advice Advice // valid if not stale
	low    int    // the point that is sure to be survived
	stale  bool
}

const (
	// A network begins with 2 waits of 40 that died of another cause, and remembers 250.
	lostAtFirst, waitedAtFirst, waitsRemembered = 2, 40, 250
	// However bad or good it was: a single death must not prove a limit, nor none matter.
	leastOther, mostOther = 0.05, 0.4
	// forgetEvery is how often forgetting is worth its cost.
	forgetEvery = 10 * time.Minute
	noLimit     = time.Duration(math.MaxInt64)
	// turn is the part of the half-life for which a device whose news was heard has to
	// let others speak first, where its news are not checked by others anyway.
	turn = 8
)

func newEstimator(now time.Duration) *estimator {
	return &estimator{belief: prior, low: prior.quantile(sure), lost: lostAtFirst, waited: waitedAtFirst, forgotAt: now, stale: true}
}

// other is the chance that a wait dies of another cause: a tunnel, a lift, an empty
// battery.
func (e *estimator) other() float32 {
	return min(max(e.lost/e.waited, leastOther), mostOther)
}

// interval is what waits may be at most, 0 if there is nothing to say.
func (e *estimator) interval(margin time.Duration) time.Duration {
	if !e.enforced {
		return 0
	}
	// A margin takes at most half: to advise nothing at all would mean no limit.
	return limitAt(e.low) - min(margin, limitAt(e.low)/2)
}

// believed is what everybody is held to, noLimit as long as nobody is.
func (e *estimator) believed() time.Duration {
	if !e.enforced {
		return noLimit
	}
	return limitAt(e.low)
}

// observe takes in what one wait told. half is the half-life of what is known.
func (e *estimator) observe(now, half time.Duration, what Evidence) {
	e.forget(now, half)
	e.probe.over(what)
	if what.Died {
		e.died++
		e.fell.note(now, what.At)
		e.deaths.note(what, now, half)
	} else {
		e.survived++
		e.lived.note(now, what.At)
		e.survive(now, half, what)
	}
	e.refresh()
	e.hear(now, half)
	e.stale = true
}

// survive takes in a survived silence. One device that goes another way (a VPN, a
// second line) must neither raise everybody nor, where others die, outvote them.
func (e *estimator) survive(now, half time.Duration, what Evidence) {
	if point := survivedPoint(what.At); e.enforced && point > e.low {
		if e.justClimbed(what.Device, now, half) {
			return
		}
		e.climber, e.climbedAt = what.Device, now
		e.deaths.heard = [2]uint64{}
		e.probe.again()
	} else if e.enforced && point >= e.low-1 { // a wait as it is advised
		if e.keeper == what.Device {
			return
		}
		e.keeper = what.Device
	}
	e.belief.survived(what.At, e.other())
	e.count(what.At, 0)
}

func (e *estimator) justClimbed(device uint64, now, half time.Duration) bool {
	return e.climber == device && within(e.climbedAt, now, half/turn)
}

// hear takes in the deaths that may count by now.
func (e *estimator) hear(now, half time.Duration) {
	for {
		x := e.deaths.next(now, e.believed(), half)
		if x == nil {
			return
		}
		e.deaths.take(x, now)
		e.belief.died(x.at.duration(), e.other())
		e.count(x.at.duration(), 1)
		if e.refresh(); !e.enforced {
			e.enforced = e.belief.atLeast(points-1) < 1-sure
		}
	}
}

// count keeps the rate of deaths of another cause: those where the limit is
// believed not to be the cause.
func (e *estimator) count(at time.Duration, died float32) {
	if at > limitAt(e.low) {
		return
	}
	if e.waited >= waitsRemembered {
		e.lost -= e.lost / waitsRemembered
		e.waited -= e.waited / waitsRemembered
	}
	e.lost += died
	e.waited++
}

// forget fades with a half-life what is known against higher limits: a firewall is
// changed without notice, and waits that are held below its old limit cannot show it.
func (e *estimator) forget(now, half time.Duration) {
	passed := now - e.forgotAt
	if passed >= 0 && passed < forgetEvery {
		return
	}
	e.forgotAt = now
	share := 1 - math.Exp2(-max(passed, 0).Seconds()/half.Seconds()) // 0 when the clock was set back
	if e.enforced {
		e.belief.forget(float32(share), e.low)
		e.stale = true
	}
}

// refresh finds the point that is sure.
func (e *estimator) refresh() {
	low := e.low
	if e.low = e.belief.quantile(sure); e.low < low {
		e.probe.again()
	}
	if e.low == points-1 {
		e.enforced = false
	}
}
