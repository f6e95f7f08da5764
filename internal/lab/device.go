package lab

import (
	"encoding/hex"
	"slices"
	"strings"
	"time"
)

// sentIDs is how many ClientIds of sent mail a device is remembered for.
const sentIDs = 64

// device is what the server keeps of one device of one user.
type device struct {
	id          string
	policyKey   string // "" = never asked
	policyFinal bool   // the device has acknowledged it
	folders     ledger // the hierarchy it has
	collections map[string]*collection
	ping        pingCache
	sync        *syncRequest // the last full Sync, for empty and partial ones
	held        *wait        // the newest wait
	sent        []string     // ClientIds of mail it sent, oldest first
}

// collection is what the server keeps of one folder on one device.
type collection struct {
	ledger
	filter int
	added  map[string]string // ClientId -> ServerId of the last round's additions
}

// pingCache is what a Ping may leave out the next time (MS-ASCMD 3.1.5.8).
type pingCache struct {
	interval time.Duration
	folders  []pingEntry
}

type pingEntry struct{ id, class string }

// device finds or makes the state of a device. It is nil when the user has too many.
func (b *mailbox) device(id string) *device {
	id = deviceName(id)
	d := b.devices[id]
	if d == nil && len(b.devices) < devicesPerUser {
		d = &device{id: id, collections: map[string]*collection{}}
		b.devices[id] = d
	}
	return d
}

// deviceName makes one name of both spellings: text, or the raw bytes that a base64 query may carry.
func deviceName(id string) string {
	for _, c := range []byte(id) {
		if c < ' ' || c > '~' {
			return hex.EncodeToString([]byte(id))
		}
	}
	return strings.ToLower(id)
}

// collection finds or makes the state of one folder.
func (d *device) collection(f *folder) *collection {
	c := d.collections[f.id]
	if c == nil {
		c = &collection{}
		d.collections[f.id] = c
	}
	return c
}

// pending says whether something was added to a folder since the last SyncKey this device was given. Of a folder it
// never synced, only what came after the count `since` is news.
//
// Changes, deletions and moves away do not end a wait (MS-ASCMD 3.1.5.8).
func (d *device) pending(f *folder, since uint64, now time.Time) bool {
	c := d.collections[f.id]
	for _, it := range slices.Backward(f.order) {
		switch {
		case it.by == d:
		case c == nil || c.key == 0:
			if it.added > since {
				return true
			}
		case it.eligible(c.filter, now):
			if _, has := c.now()[it.id]; !has {
				return true
			}
		}
	}
	return false
}

// hierarchyMoved says whether the folders are no longer those of its last FolderSync. A device that never asked has
// nothing that could be out of date.
func (d *device) hierarchyMoved(b *mailbox) bool {
	if d.folders.key == 0 {
		return false
	}
	have := d.folders.now()
	if len(have) != len(b.folders) {
		return true
	}
	for _, f := range b.folders {
		if version, ok := have[f.id]; !ok || version != f.changed {
			return true
		}
	}
	return false
}

// sentBefore remembers a ClientId and says whether it was seen already.
func (d *device) sentBefore(id string) bool {
	if slices.Contains(d.sent, id) {
		return true
	}
	d.sent = append(d.sent, id)
	if len(d.sent) > sentIDs {
		d.sent = d.sent[1:]
	}
	return false
}

// ForgetDevice loses what the server knew of a device, as after a restore from backup: its next Sync gets Status 3,
// its next empty Ping too.
func (s *Server) ForgetDevice(user, deviceID string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.boxes[user]
	if b == nil {
		return
	}
	d := b.devices[deviceName(deviceID)]
	if d == nil {
		return
	}
	d.folders.forget()
	for _, c := range d.collections {
		c.forget()
	}
	d.ping, d.sync = pingCache{}, nil
}
