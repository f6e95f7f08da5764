package heartbeat

import (
	"sync"
	"time"
	"unique"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

// DefaultDevices is how many devices are followed if nothing is said: some 370 bytes each.
const DefaultDevices = 1_000_000

// TrackerConfig says how much a Tracker may remember.
type TrackerConfig struct {
	Devices int // 0 = DefaultDevices; beyond it the device not heard of for longest is forgotten
}

// Tracker follows what devices ask for and how it ends.
type Tracker struct {
	mu      sync.Mutex
	devices *simplelru.LRU[uint64, *device] // guarded by mu, and so is every device
}

// NewTracker makes a Tracker that knows no device.
func NewTracker(c TrackerConfig) *Tracker {
	if c.Devices <= 0 {
		c.Devices = DefaultDevices
	}
	devices, _ := simplelru.NewLRU[uint64, *device](c.Devices, nil) // fails for no size only
	return &Tracker{devices: devices}
}

// of gives the device, which is made if it is new.
func (t *Tracker) of(id uint64, k Key, n unique.Handle[Network]) *device {
	if d, ok := t.devices.Get(id); ok {
		return d
	}
	d := &device{label: newLabel(k), network: n}
	t.devices.Add(id, d)
	return d
}

// Asked notes that a wait of asked begins. A device that comes back from the same
// network and asks for less after its wait broke gives evidence (ok): the path died.
func (t *Tracker) Asked(k Key, now time.Time, n Network, asked time.Duration) (e Evidence, ok bool) {
	id, network := k.ID(), unique.Make(n)
	t.mu.Lock()
	defer t.mu.Unlock()
	died, ok := t.of(id, k, network).ask(now, network, asked)
	return killed(id, died, ok)
}

// Ended notes that a wait is over, and gives its evidence (ok) for w.Network. An
// answer counts for the time that it was really held, whatever was asked: one that
// came early or with news says that the path survived so long and no more.
func (t *Tracker) Ended(k Key, now time.Time, w Wait) (e Evidence, ok bool) {
	id, network := k.ID(), unique.Make(w.Network)
	t.mu.Lock()
	defer t.mu.Unlock()
	died, ok := t.of(id, k, network).end(now, w)
	if answered(w.Outcome) {
		return proven(id, w.Held, w.Proof)
	}
	return killed(id, died, ok)
}

// Proved notes what became of an answer whose wait was reported with Unknown; held
// tells which. If it is the next wait that proves it, it is told before that (Asked),
// which is then judged in its light. A wait that is not known any more, or proven already, gives nothing.
func (t *Tracker) Proved(k Key, held time.Duration, p Proof) (e Evidence, ok bool) {
	id := k.ID()
	t.mu.Lock()
	defer t.mu.Unlock()
	if d, known := t.devices.Peek(id); p == Unknown || !known || !d.prove(held, p) {
		return Evidence{}, false
	}
	return proven(id, held, p)
}

// Len is how many devices are known.
func (t *Tracker) Len() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.devices.Len()
}

// Forget drops a device, false if it was not known.
func (t *Tracker) Forget(k Key) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.devices.Remove(k.ID())
}

func killed(id uint64, at time.Duration, ok bool) (Evidence, bool) {
	if !ok || at < shortestSilence {
		return Evidence{}, false
	}
	return Evidence{Device: id, At: at, Died: true}, true
}

func proven(id uint64, at time.Duration, p Proof) (Evidence, bool) {
	if p == Unknown || at < shortestSilence {
		return Evidence{}, false
	}
	return Evidence{Device: id, At: at, Died: p == Lost}, true
}
