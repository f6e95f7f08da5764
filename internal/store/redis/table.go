package redis

import (
	"slices"
	"sync"
	"time"

	"github.com/diastole/diastole/heartbeat"
)

// mostDevices is how many a node believes to be its own. One that had to make room is
// looked up when it comes again.
const mostDevices = 200_000

// table is which devices are this node's, as far as it knows, and of which something is
// to be written. The names are keys of Redis.
type table struct {
	mu      sync.Mutex
	devices map[string]*device
	dirty   map[string]struct{}
	epoch   uint64 // how often we began to hear what is said to this node
}

// device is one that belongs to this node.
type device struct {
	key   heartbeat.Key
	since time.Time // when its server last accepted it here
	epoch uint64    // in which Redis has said that it is ours; 0: not yet
	keep  bool      // something of it has changed
}

// is tells whether a device is ours, and whether nothing can have happened to that.
func (t *table) is(name string) (ours, sure bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	d := t.devices[name]
	return d != nil, d != nil && d.epoch == t.epoch
}

// holds makes a device ours; news says that Redis is to be told.
func (t *table) holds(name string, key heartbeat.Key, now time.Time) (news bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	d := t.devices[name]
	if d == nil {
		t.makeRoom()
		d = &device{key: key}
		t.devices[name] = d
	}
	d.since = now
	if d.epoch == t.epoch && d.epoch > 0 {
		return false
	}
	d.keep = true // the former node may have had no time for it
	t.dirty[name] = struct{}{}
	return true
}

// makeRoom lets one go that has nothing to be written, or any; t.mu is held.
func (t *table) makeRoom() {
	if len(t.devices) < mostDevices {
		return
	}
	last, looked := "", 0
	for name := range t.devices { // in an order that nobody can foresee
		last = name
		if _, dirty := t.dirty[name]; !dirty || looked > 16 {
			break
		}
		looked++
	}
	delete(t.devices, last)
	delete(t.dirty, last)
}

// changed notes that what is known of a device is to be written, if it is ours.
func (t *table) changed(name string) (news bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if d := t.devices[name]; d != nil {
		d.keep = true
		t.dirty[name] = struct{}{}
		return true
	}
	return false
}

// confirm notes that Redis says that a device is ours, of an epoch.
func (t *table) confirm(name string, epoch uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if d := t.devices[name]; d != nil {
		d.epoch = max(d.epoch, epoch)
	}
}

// claims tells whether a device is still to be claimed since we began to hear, or just
// is: which node had it last is then found by that claim, and not by another node's.
func (t *table) claims(name string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	d := t.devices[name]
	if d == nil || d.epoch == t.epoch {
		return false
	}
	t.dirty[name] = struct{}{} // once more, if it is on its way
	return true
}

// lose gives a device up; ours tells whether it was ours.
func (t *table) lose(name string) (key heartbeat.Key, ours bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	d := t.devices[name]
	if d == nil {
		return key, false
	}
	delete(t.devices, name)
	delete(t.dirty, name)
	return d.key, true
}

// since is for how long a device has been quiet here.
func (t *table) since(name string) (since time.Time, ours bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if d := t.devices[name]; d != nil {
		return d.since, true
	}
	return since, false
}

// hears begins an epoch: what was said to this node before may have gone unheard, and
// all that is ours is claimed anew.
func (t *table) hears() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.epoch++
	for name := range t.devices {
		t.dirty[name] = struct{}{}
	}
}

// claimed is what is to be written of a device.
type claimed struct {
	name  string
	key   heartbeat.Key
	since time.Time
	keep  bool
}

// take gives what is to be written, what was active last first.
func (t *table) take() (all []claimed, epoch uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for name := range t.dirty {
		if d := t.devices[name]; d != nil {
			all = append(all, claimed{name, d.key, d.since, d.keep})
			d.keep = false
		}
	}
	clear(t.dirty)
	slices.SortFunc(all, func(a, b claimed) int { return b.since.Compare(a.since) })
	return all, t.epoch
}

// again puts back what could not be written.
func (t *table) again(some []claimed) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, c := range some {
		if d := t.devices[c.name]; d != nil {
			d.keep = d.keep || c.keep
			t.dirty[c.name] = struct{}{}
		}
	}
}

// user takes all devices of a user out, and says how many there were.
func (t *table) user(principal string) (n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for name, d := range t.devices {
		if d.key.Principal == principal {
			delete(t.devices, name)
			delete(t.dirty, name)
			n++
		}
	}
	return n
}

func (t *table) len() (devices, dirty int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.devices), len(t.dirty)
}
