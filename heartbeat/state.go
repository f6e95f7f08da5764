package heartbeat

import (
	"fmt"
	"time"
)

// DeviceState is what is known about a device, to be shown.
type DeviceState struct {
	Ladder   string        // a preset's name; "" while none explains what it asks
	State    string        // "searching", "settled at 12 min", "fallen to the floor", "oscillating"
	Asked    time.Duration // last
	Given    time.Duration // for the last wait that ended
	LastGood time.Duration // the last interval that it knows to work; 0 = none
	Network  Network       // that it asked from last
	Last     []Ended       // newest first, at most 8
	Deaf     bool          // it was told a limit and asked for more again: refusing is useless
	Seen     time.Time     // when it asked last
}

// State gives what is known about a device, false if it is not known.
func (t *Tracker) State(k Key) (DeviceState, bool) {
	id := k.ID()
	t.mu.Lock()
	defer t.mu.Unlock()
	d, ok := t.devices.Peek(id)
	if !ok {
		return DeviceState{}, false
	}
	return d.state(), true
}

// All gives the devices, the one heard of last first. It does not hold up the
// tracker meanwhile: devices that come during it are not given.
func (t *Tracker) All(yield func(Key, DeviceState) bool) {
	t.mu.Lock()
	ids := t.devices.Keys()
	t.mu.Unlock()
	for i := len(ids) - 1; i >= 0; i-- {
		if k, s, ok := t.show(ids[i]); ok && !yield(k, s) {
			return
		}
	}
}

func (t *Tracker) show(id uint64) (Key, DeviceState, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	d, ok := t.devices.Peek(id)
	if !ok {
		return Key{}, DeviceState{}, false
	}
	return d.key(), d.state(), true
}

func (d *device) state() DeviceState {
	s := DeviceState{
		Asked: d.asked.duration(), Given: d.given.duration(), LastGood: d.good.duration(),
		Network: d.network.Value(), Deaf: d.deaf, Seen: d.seen(), Last: d.history(),
	}
	ladder, known := d.ladder.best()
	s.Ladder = ladder.Name
	if !known {
		s.Ladder = ""
	}
	s.State = standing(&s, ladder, known)
	return s
}

func (d *device) history() []Ended {
	last := make([]Ended, d.ended)
	for i := range last {
		last[i] = d.last[i].ended()
	}
	return last
}

// standing says in a word where the search of a device stands.
func standing(s *DeviceState, l Ladder, known bool) string {
	switch {
	case len(s.Last) == 0:
		return "searching"
	case s.oscillates():
		return "oscillating"
	case s.stays() || known && s.returned(l):
		return "settled at " + spell(s.Asked)
	case s.fell(l, known):
		return "fallen to the floor"
	}
	return "searching"
}

// oscillates: it fell twice from the same interval, the last time not long ago.
func (s *DeviceState) oscillates() bool {
	next, fell := s.Asked, time.Duration(0)
	for i, e := range s.Last {
		if e.dead(next) && next < e.Asked {
			if fell == e.Asked {
				return true
			}
			if fell == 0 && i < remembered/2 {
				fell = e.Asked
			}
		}
		next = e.Asked
	}
	return false
}

// stays: it asks again for what it knows to work.
func (s *DeviceState) stays() bool {
	last := &s.Last[0]
	return s.Asked == last.Asked && s.Asked == s.LastGood && !last.broken()
}

// returned: it is back at what works, on a ladder that then stays there.
func (s *DeviceState) returned(l Ladder) bool {
	return (l.OnDrop == DropToLastGood || l.OnDrop == DropForGood) &&
		s.Asked == s.LastGood && s.Asked < s.Last[0].Asked && s.Last[0].dead(s.Asked)
}

// fell: the last wait died and it asks for the least that it can.
func (s *DeviceState) fell(l Ladder, known bool) bool {
	if !s.Last[0].dead(s.Asked) || known && s.Asked > l.Min {
		return false
	}
	for _, e := range s.Last {
		if e.Asked < s.Asked {
			return false
		}
	}
	return true
}

// spell writes an interval as people say it: "12 min", "7 min 50 s", "45 s".
func spell(d time.Duration) string {
	minutes, rest := d/time.Minute, d%time.Minute/time.Second
	switch {
	case rest == 0:
		return fmt.Sprintf("%d min", minutes)
	case minutes == 0:
		return fmt.Sprintf("%d s", rest)
	}
	return fmt.Sprintf("%d min %d s", minutes, rest)
}

func (d *device) seen() time.Time { return time.Unix(int64(d.askedAt), 0) }
