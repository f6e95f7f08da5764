package heartbeat

import (
	"math"
	"time"
)

// deaths keeps who died last on a network, until it is believed. A phone that lies,
// or that sits in a cellar, must not shorten everybody's waits: below the limit that
// is believed in, a death counts only once three devices died at its age or before.
type deaths struct {
	last [8]death // of different devices, newest first
	// heard are the devices of the last deaths that were taken in. Their next ones wait
	// their turn, for another device's death or for good news: two that die all day long
	// stay two.
	heard   [2]uint64
	heardAt time.Duration // since 1970, of the last of them
}

type death struct {
	device uint64
	at     seconds       // its age then
	lowest seconds       // of its deaths
	untold uint8         // how many of its deaths were not taken in yet
	when   time.Duration // since 1970
}

const (
	witnesses  = 3
	mostUntold = 2 // of one device
)

// note adds a death.
func (d *deaths) note(e Evidence, now, memory time.Duration) {
	found := death{device: e.Device, at: inSeconds(e.At), lowest: inSeconds(e.At), when: now}
	for i, old := range d.last {
		if i == len(d.last)-1 || old.device == e.Device || old.when == 0 {
			if old.device == e.Device && old.fresh(now, memory) {
				found.lowest, found.untold = min(found.lowest, old.lowest), old.untold
			}
			copy(d.last[1:i+1], d.last[:i])
			break
		}
	}
	found.untold = min(found.untold+1, mostUntold)
	d.last[0] = found
}

// next gives a death that is to be taken in now, nil if there is none. Above what is
// believed it keeps an interval from being raised and needs no witness.
func (d *deaths) next(now, believed, memory time.Duration) *death {
	for i := range d.last {
		x := &d.last[i]
		if x.untold == 0 || !x.fresh(now, memory) || d.justHeard(x.device, now, memory) {
			continue
		}
		if x.at.duration() > believed || d.died(x.at, now, memory) >= witnesses {
			return x
		}
	}
	return nil
}

// take marks one death of x as taken in.
func (d *deaths) take(x *death, now time.Duration) {
	x.untold--
	if d.heard[0] != x.device {
		d.heard[1], d.heard[0] = d.heard[0], x.device
	}
	d.heardAt = now
}

// devices counts those that died lately.
func (d *deaths) devices(now, memory time.Duration) int { return d.died(math.MaxUint16, now, memory) }

// died counts the devices that died at an age or before.
func (d *deaths) died(at seconds, now, memory time.Duration) (devices int) {
	for i := range d.last {
		if d.last[i].lowest <= at && d.last[i].fresh(now, memory) {
			devices++
		}
	}
	return devices
}

func (d *deaths) justHeard(device uint64, now, memory time.Duration) bool {
	return (d.heard[0] == device || d.heard[1] == device) && within(d.heardAt, now, memory/turn)
}

func (x *death) fresh(now, memory time.Duration) bool {
	return x.when > 0 && within(x.when, now, memory)
}

// within tells whether something happened in the last span of time. What lies in the
// future, after a clock was set back, did not: it would never pass.
func within(when, now, span time.Duration) bool { return when <= now && now-when < span }
