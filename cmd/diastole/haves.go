package main

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/diastole/diastole/heartbeat"
	"github.com/diastole/diastole/internal/store"
	"github.com/diastole/diastole/proxy"
	"github.com/diastole/diastole/proxy/watch"
)

const (
	// saveHavesEvery is how much of what devices have a crash may cost: their sync
	// keys. One that is a Sync old makes the server answer that something changed,
	// and the phone fetches what it has already.
	saveHavesEvery = time.Second

	// saveHavesAgain is for a disk that takes nothing.
	saveHavesAgain = 10 * time.Second

	// havesAtOnce is how many are put before they are written out: the store's queue
	// counts rows, and these are long.
	havesAtOnce = 100
)

// haves is what the devices have of their mailboxes, and which of it is to be saved.
// A phone that fetches ten folders is one row a second and not ten.
type haves struct {
	memory  *watch.Memory
	store   *store.Store
	lasting bool
	log     *zap.Logger

	mu      sync.Mutex
	changed map[watch.Device]struct{} // since it was saved; at most as many as are remembered
}

// havesConfig says what becomes of a change.
type havesConfig struct {
	store   *store.Store
	lasting bool // it is saved there
	log     *zap.Logger
	changed func(watch.Device) // is told of it, too; nil: nobody
}

// newHaves makes a memory that is saved to a store; one that does not last gets
// nothing, the memory itself is as good.
func newHaves(c havesConfig) *haves {
	h := &haves{store: c.store, lasting: c.lasting, log: c.log, changed: map[watch.Device]struct{}{}}
	bounds := proxy.Remembered
	bounds.Changed = func(d watch.Device) {
		if c.lasting {
			h.note(d)
		}
		if c.changed != nil {
			c.changed(d)
		}
	}
	h.memory = watch.NewMemory(bounds)
	return h
}

// note takes down who has changed. It stands in the way of an answer. Beyond the
// limit a device is saved with its next change.
func (h *haves) note(devices ...watch.Device) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, d := range devices {
		if len(h.changed) < proxy.Remembered.Devices {
			h.changed[d] = struct{}{}
		}
	}
}

func (h *haves) take() []watch.Device {
	h.mu.Lock()
	defer h.mu.Unlock()
	devices := slices.Collect(maps.Keys(h.changed))
	clear(h.changed)
	return devices
}

// restore takes in what the store kept, and says of how many devices.
func (h *haves) restore(ctx context.Context) (n int) {
	if !h.lasting {
		return 0 // what stands there is of a time when it was
	}
	for row, err := range h.store.Havings(ctx) {
		if err != nil {
			h.log.Error("not all of what devices have could be read, the others have to sync once", zap.Error(err))
			break
		}
		var s watch.Snapshot
		if json.Unmarshal(row.State, &s) != nil {
			continue // of another version: it syncs once
		}
		h.memory.Restore(s)
		n++
	}
	return n
}

// save writes what changed. What a disk does not take is kept for the next time.
func (h *haves) save(putting sync.Locker) error {
	if err := h.store.Flush(); err != nil {
		return err // more rows in its queue would only push out those that wait there
	}
	for changed := h.take(); len(changed) > 0; {
		batch := changed[:min(len(changed), havesAtOnce)]
		h.put(batch, putting)
		if err := h.store.Flush(); err != nil {
			h.note(changed...)
			return err
		}
		changed = changed[len(batch):]
	}
	return nil
}

func (h *haves) put(batch []watch.Device, putting sync.Locker) {
	putting.Lock()
	defer putting.Unlock()
	now := time.Now()
	for _, d := range batch {
		s, known := h.memory.Snapshot(d)
		if !known {
			continue // it had to make room, is forgotten, or has a name that JSON cannot say
		}
		state, err := json.Marshal(s)
		if err != nil {
			panic("BUG: haves: " + err.Error())
		}
		key := heartbeat.Key{Principal: d.Principal, Device: d.ID, Type: d.Type}
		h.store.PutHaving(store.Having{Key: key, Seen: now, State: state})
	}
}
