package heartbeat

import "time"

// Habit is what the last waits of a device say of its day: as much of it as one can
// look at for each of a million devices while somebody waits for a page.
type Habit struct {
	ID       uint64 // Key.ID
	Key      Key
	Network  Network // that it asked from last
	Ladder   string  // as DeviceState.Ladder
	Asked    time.Duration
	Given    time.Duration
	LastGood time.Duration
	Seen     time.Time
	Waited   time.Duration // all of its last waits together
	News     int           // how many of them brought something new
}

// atOnce is how many devices are looked at before others have their turn.
const atOnce = 256

// Habits gives the devices, the one heard of last first. It does not hold up the
// tracker meanwhile: devices that come during it are not given.
func (t *Tracker) Habits(yield func(Habit) bool) {
	t.mu.Lock()
	ids := t.devices.Keys()
	t.mu.Unlock()
	some := make([]Habit, 0, atOnce)
	for end := len(ids); end > 0; end -= atOnce {
		some = t.habits(ids[max(end-atOnce, 0):end], some[:0])
		for _, h := range some {
			if !yield(h) {
				return
			}
		}
	}
}

// habits of some devices, the last of them first.
func (t *Tracker) habits(ids []uint64, into []Habit) []Habit {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i := len(ids) - 1; i >= 0; i-- {
		if d, ok := t.devices.Peek(ids[i]); ok {
			into = append(into, d.habit(ids[i]))
		}
	}
	return into
}

func (d *device) habit(id uint64) Habit {
	h := Habit{ID: id, Key: d.key(), Network: d.network.Value(), Asked: d.asked.duration(), Given: d.given.duration(),
		LastGood: d.good.duration(), Seen: d.seen()}
	if l, known := d.ladder.best(); known {
		h.Ladder = l.Name
	}
	for i := range d.last[:d.ended] {
		h.Waited += d.last[i].held.duration()
		if d.last[i].outcome == Changed {
			h.News++
		}
	}
	return h
}

// ByID gives a device by its Key.ID, false if it is not known.
func (t *Tracker) ByID(id uint64) (Key, DeviceState, bool) { return t.show(id) }

// Len is how many networks are known.
func (n *Networks) Len() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.networks.Len()
}

// Known tells whether anything is known of a network.
func (n *Networks) Known(net Network) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.networks.Contains(net)
}
