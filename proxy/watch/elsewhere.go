package watch

// Replace puts what another node knows of a device in the place of what is known here,
// and the credentials that the server has accepted there. Changed is not called.
func (m *Memory) Replace(kept Snapshot, accepted Credentials) {
	m.mu.Lock()
	m.devices.Remove(kept.Device)
	m.mu.Unlock()
	m.Restore(kept)
	m.look(kept.Device, func(s *state) { s.accepted = accepted })
}

// Credentials gives those with which the server has last answered a device; zero: not
// known.
func (m *Memory) Credentials(d Device) (c Credentials) {
	m.look(d, func(s *state) { c = s.accepted })
	return c
}

// Doubt notes that a device may have asked for something else meanwhile, where we did
// not hear it: what a request leaves out can then be filled in by nobody. Its keys stay: a
// server asked with one that is a Sync old says rather too much than too little.
func (m *Memory) Doubt(d Device) {
	m.updateKnown(d, func(s *state) {
		s.pinged([16]byte{}, nil)
		set(s, &s.Interval, 0)
		set(s, &s.Folders, 0)
		set(s, &s.Hold, 0)
		set(s, &s.SyncFolders, 0)
		set(s, &s.PingOurs, true)
		set(s, &s.SyncOurs, true)
	})
}
