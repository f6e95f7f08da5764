// Package store keeps across restarts what was learned: devices and what they
// have, networks and recent waits, in one SQLite file at state.path.
//
//	s, err := store.Open(store.Config{Path: path, Log: log, Metrics: store.NewMetrics(registry)})
//	for d, err := range s.Devices(ctx) { ... tracker.Restore(d) }
//	s.PutWait(wait)      // never waits for the disk
//	s.Forget("user")     // art. 17 GDPR
//	s.Secret("name")     // the same after a restart
//	s.Close(ctx)
//
// Push never waits for it and never stops for it. What is put is written later,
// many rows at once; a disk that is full or gone is reported and tried again; a
// damaged file is set aside and a new one begun. What cannot be written meanwhile
// is kept in memory, up to a limit. Without a path it is the same store in memory.
//
// It decides nothing and knows no more of what it keeps than whose it is and how
// old: the snapshots are heartbeat's, and what a device has is anybody's JSON.
package store
