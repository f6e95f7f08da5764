package admin

import (
	"time"

	"github.com/diastole/diastole/heartbeat"
)

// minutes are how far back waits are counted: a day.
const minutes = 24 * 60

// outcomes are all that there are, and the one that none is known of.
const outcomes = int(heartbeat.Drained) + 1

// bounds are the upper ends of the intervals that are counted together: what devices
// ask for (8, 12, 15, 16, 28, 30, 59 min) and where boxes on the way cut.
var bounds = [...]time.Duration{
	1 * time.Minute, 2 * time.Minute, 3 * time.Minute, 4 * time.Minute, 5 * time.Minute, 6 * time.Minute, 8 * time.Minute, 10 * time.Minute,
	12 * time.Minute, 15 * time.Minute, 16 * time.Minute, 20 * time.Minute, 25 * time.Minute, 28 * time.Minute, 30 * time.Minute,
	45 * time.Minute, 60 * time.Minute,
}

// minute is what happened in one.
type minute struct {
	number     int64 // since 1970; another one's counts are a day old
	outcomes   [outcomes]uint32
	lost       uint32                  // answers that are known by then not to have arrived
	asks, gave [len(bounds) + 1]uint32 // the last: more than the last bound
}

// history counts by minutes.
type history struct{ ring [minutes]minute }

// at is the minute of a moment.
func (h *history) at(when time.Time) *minute {
	number := when.Unix() / 60
	m := &h.ring[number%minutes]
	if m.number != number {
		*m = minute{number: number}
	}
	return m
}

func (m *minute) asked(e Event) {
	if e.Asked > 0 {
		m.asks[bucket(e.Asked)]++
		m.gave[bucket(e.Given)]++
	}
}

func bucket(d time.Duration) int {
	for i, bound := range bounds {
		if d <= bound {
			return i
		}
	}
	return len(bounds)
}

// since adds up the last minutes, the one that is not over yet among them.
func (h *history) since(now time.Time, many int) (sum minute) {
	last := now.Unix() / 60
	for n := last; n > last-int64(many); n-- {
		m := &h.ring[n%minutes]
		if m.number != n {
			continue
		}
		for i, x := range m.outcomes {
			sum.outcomes[i] += x
		}
		sum.lost += m.lost
		for i := range m.asks {
			sum.asks[i] += m.asks[i]
			sum.gave[i] += m.gave[i]
		}
	}
	return sum
}

// worked adds up how long waits were held, and how long workers of the server were
// busy with them: held - busy is what they were spared.
type worked struct {
	at         time.Time
	held, used float64 // seconds
	busy       int     // workers, since the last look
}

// until goes on to a moment; held are the waits until then.
func (w *worked) until(now time.Time, held int) {
	span := now.Sub(w.at).Seconds()
	if span <= 0 {
		return // events come from many goroutines: one may be a little late
	}
	w.held += span * float64(held)
	w.used += span * float64(w.busy)
	w.at = now
}
