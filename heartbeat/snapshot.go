package heartbeat

import (
	"time"
	"unique"
)

// DeviceSnapshot is all that is kept of a device across restarts.
type DeviceSnapshot struct {
	Key      Key
	Network  Network
	Asked    time.Duration
	Given    time.Duration
	LastGood time.Duration
	Told     time.Duration // the limit of a refusal, 0 = none
	Deaf     bool
	Seen     time.Time
	Ladders  []int8  // how well each preset explains it, in their order
	Last     []Ended // newest first
}

// Snapshot gives what is to be kept of a device, false if it is not known.
func (t *Tracker) Snapshot(k Key) (DeviceSnapshot, bool) {
	id := k.ID()
	t.mu.Lock()
	defer t.mu.Unlock()
	d, ok := t.devices.Peek(id)
	if !ok {
		return DeviceSnapshot{}, false
	}
	return DeviceSnapshot{
		Key: k, Network: d.network.Value(), Asked: d.asked.duration(), Given: d.given.duration(), LastGood: d.good.duration(),
		Told: d.told.duration(), Deaf: d.deaf, Seen: d.seen(), Ladders: append([]int8(nil), d.ladder[:]...), Last: d.history(),
	}, true
}

// Restore brings a device back, in place of what is known of it; restore the one
// heard of last at last. Waits that were open then are over: what became of them is
// not known, and they teach nothing. Values that cannot be are brought into range.
func (t *Tracker) Restore(s DeviceSnapshot) {
	d := &device{
		label: newLabel(s.Key), network: unique.Make(s.Network), asked: inSeconds(s.Asked), given: inSeconds(s.Given),
		good: inSeconds(s.LastGood), told: inSeconds(s.Told), deaf: s.Deaf, askedAt: stamp(s.Seen),
	}
	for i := range s.Ladders[:min(len(s.Ladders), len(d.ladder))] {
		d.ladder[i] = max(min(s.Ladders[i], bestScore), -bestScore)
	}
	for i, e := range s.Last[:min(len(s.Last), remembered)] {
		d.last[i] = pack(e)
		d.ended++
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.devices.Add(s.Key.ID(), d)
}
