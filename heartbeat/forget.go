package heartbeat

// ForgetUser drops all devices of a user, written as in Key.Principal, and says how
// many there were. It looks at one device after the other, so that a million of them
// hold nobody up: one that comes meanwhile may stay. The evidence that they gave
// stays with their networks, where it names nobody.
func (t *Tracker) ForgetUser(principal string) (n int) {
	t.mu.Lock()
	ids := t.devices.Keys()
	t.mu.Unlock()
	for _, id := range ids {
		if t.forgetIf(id, clip(principal)) {
			n++
		}
	}
	return n
}

func (t *Tracker) forgetIf(id uint64, user string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	d, known := t.devices.Peek(id)
	return known && d.text[:d.cut] == user && t.devices.Remove(id)
}
