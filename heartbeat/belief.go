package heartbeat

import (
	"math"
	"time"
)

// The limits that are thought possible: 30 s, 60 s, ... 3600 s. The last stands for
// that and all above: no wait is longer (Exchange takes 59 min at most).
//
//	0        1        2                              119
//	|--------|--------|------ ... -------------------|------->
//	30 s     60 s     90 s                           3600 s
//
// A true limit of 795 s is point 780: the next, 810, would be a promise too much.
const (
	step   = 30 * time.Second
	points = 120
)

func limitAt(i int) time.Duration { return time.Duration(i+1) * step }

const (
	// miracle is the chance that an answer arrives though the limit lies below its
	// age: a firewall that sweeps its table once a minute, a proof that erred.
	miracle = 0.02
	// change is the chance that, since the last evidence, somebody changed the limit.
	// Without it a year of good waits would have to be outweighed by as many deaths.
	// Larger, a run of tunnels and empty batteries would look like a change.
	change = 1e-7
	// sure is how probable a limit must be to be survived, for advice to go there.
	sure = 0.95
)

// belief is how probable each limit is, up to a common factor (sum): it is made one
// only by the next evidence, in the same pass.
type belief struct {
	p   [points]float32
	sum float32
}

// prior is what is believed of a network of which nothing is known, renewal what of it
// comes back with every evidence.
var (
	prior   = unknownNetwork()
	renewal = func() (p [points]float32) {
		for i := range p {
			p[i] = change * prior.p[i]
		}
		return p
	}()
)

// unknownNetwork: 3 in 10 have no limit that matters. Few are below 5 minutes, the
// shortest that Apple's and Microsoft's advice speaks of: else the first deaths at 15
// minutes would send everybody to 1 minute. In between, as likely at 5..6 as at 25..30.
func unknownNetwork() (b belief) {
	const free, low, edge = 0.30, 0.01, 5 * time.Minute
	for i := range b.p[:points-1] {
		share, from, to := 1-free-low, edge, limitAt(points-1)
		if limitAt(i) < edge {
			share, from, to = low, step, edge
		}
		width := math.Log(float64(limitAt(i)+step) / float64(limitAt(i)))
		b.p[i] = float32(share * width / math.Log(float64(to)/float64(from)))
	}
	b.p[points-1] = free
	for _, p := range b.p {
		b.sum += p
	}
	return b
}

// survived takes in that a silence was survived: limits below it are next to impossible.
func (b *belief) survived(at time.Duration, other float32) {
	b.weigh(survivedPoint(at), miracle, 1-other)
}

// died takes in that a silence was not survived, which with a chance of other has
// nothing to do with the limit.
func (b *belief) died(at time.Duration, other float32) {
	b.weigh(diedPoint(at), 1-miracle, other)
}

// survivedPoint is the first limit that explains that at was survived. Servers with
// whole seconds answer up to a second early: 809.4 s is meant to be 810.
func survivedPoint(at time.Duration) int {
	return min(int((at+slack)/step)-1, points-1)
}

// diedPoint is the first limit that does not explain that at was not survived.
func diedPoint(at time.Duration) int {
	return min(int((at-slack+step-1)/step)-1, points)
}

// weigh multiplies the limits below point cut and the others with how well each
// explains what was seen.
func (b *belief) weigh(cut int, below, above float32) {
	keep, sum := (1-change)/b.sum, float32(0)
	for i := range b.p {
		like := above
		if i < cut {
			like = below
		}
		p := (b.p[i]*keep + renewal[i]) * like
		b.p[i] = p
		sum += p
	}
	b.sum = sum
}

// atLeast is the probability of the limit at point i or a higher one.
func (b *belief) atLeast(i int) float32 {
	var sum float32
	for _, p := range b.p[min(i, points):] {
		sum += p
	}
	return sum / b.sum
}

// quantile is the highest point whose limit is survived with that probability.
func (b *belief) quantile(probability float32) int {
	below, most := float32(0), (1-probability)*b.sum
	for i := range b.p[:points-1] {
		if below += b.p[i]; below > most {
			return i
		}
	}
	return points - 1
}

// forget lets a share of what is known against the limits above point low fade. The
// knowledge that low was survived does not: should it not be any more, deaths will
// say so. However much is forgotten, low+1 does not become sure by it, nor by one
// device that survives it then: forgetting invites two to try, and raises nobody.
func (b *belief) forget(share float32, low int) {
	if low+1 >= points {
		return
	}
	const most = 0.25 // once more than 0.28, one survival would make it sure
	above, fresh := b.atLeast(low+1), prior.atLeast(low+1)
	then := min(above+share*(1-above), most)
	if then <= above {
		return
	}
	for i := range b.p {
		if b.p[i] /= b.sum; i <= low {
			b.p[i] *= (1 - then) / (1 - above)
		} else {
			b.p[i] += (then - above) * prior.p[i] / fresh
		}
	}
	b.sum = 1
}
