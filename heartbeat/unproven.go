package heartbeat

import "time"

// Unproven notes that nothing will ever say whether the answer to a device's last
// wait arrived, though its connection was silent for all of held: between us and the
// device stands a balancer, say. Then the device itself tells. After an answer every
// ladder stays or climbs, so one that asks for less has not got it. If it did so
// already, that is evidence now (ok); if it does so next, Asked gives it.
//
// It is not for connections that others used meanwhile (HTTP/2), nor for answers
// that the kernel was asked about: those have their proof or their doubts.
func (t *Tracker) Unproven(k Key, held time.Duration) (e Evidence, ok bool) {
	id := k.ID()
	t.mu.Lock()
	defer t.mu.Unlock()
	d, known := t.devices.Peek(id)
	return killed(id, held, known && d.unproven(held))
}

func (d *device) unproven(held time.Duration) (died bool) {
	last := d.last[0]
	if d.ended == 0 || last.outcome != Expired || last.proof != Unknown || last.held != inSeconds(held) {
		return false
	}
	if !d.waiting {
		d.suspect = true
		return false
	}
	return d.lowered
}
