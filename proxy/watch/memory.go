package watch

import (
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"github.com/diastole/diastole/wbxml/eas"
)

// Device is the key of a device. The same id under two users is two devices:
// neither may touch the other's waits.
type Device struct {
	Principal string `json:"user"` // as the credentials name him, folded
	ID        string `json:"id"`   // eas.Envelope.DeviceKey
	Type      string `json:"type"`
}

// Credentials stand for a device's credentials: a digest with a secret key, so that what
// is kept of a password is of no use to whoever reads it. Zero: not known.
type Credentials [16]byte

// Last is what a device asked for last, as far as its server has accepted it.
type Last struct {
	Interval time.Duration // of the last Ping; 0: not known
	Folders  int           // of the last Ping
	// FolderList stands for which folders those were; zero: not known.
	FolderList [16]byte
	// Pinged are those folders; nil: not known, or more than are kept. It is not to be
	// written to.
	Pinged []Waited

	Hold        time.Duration // of the last Sync; 0: it did not ask to be held
	SyncFolders int           // of the last Sync

	// PolicyKey is the one with which the server has last answered a command; "": not
	// known. Pings of Android come without it.
	PolicyKey string

	// PingOurs and SyncOurs tell that what the server takes for the device's last Ping or
	// Sync is not what the device sent: it was asked something in the device's name, or
	// has not heard of a wait that was held elsewhere, or heard it shortened. What a
	// request leaves out would mean something else to it then (MS-ASCMD 3.1.5.8, 2.2.1.21.1).
	PingOurs, SyncOurs bool
}

// Waited is a folder that a Ping names.
type Waited struct {
	ID    string `json:"id"`
	Class string `json:"class,omitempty"` // "" if it named none
}

// Config says how much a Memory may keep. At either limit the device that was
// silent for longest is forgotten.
type Config struct {
	Devices int // at most, at least 1
	Bytes   int // of all that is remembered, roughly; at least one device stays

	// Changed is called after a device has changed in what a Snapshot holds of it, by who
	// told us, with no lock held: it must not block. nil: nobody.
	Changed func(Device)
}

// Memory remembers devices within its bounds. It is safe for concurrent use.
type Memory struct {
	config Config

	mu        sync.Mutex
	devices   *simplelru.LRU[Device, *state]
	bytes     int
	asked     int // how many of them are known for more than their credentials
	forgotten uint64
}

// NewMemory makes an empty Memory.
func NewMemory(c Config) *Memory {
	m := &Memory{config: c}
	devices, err := simplelru.NewLRU(c.Devices, m.left)
	if err != nil {
		panic("BUG: watch: " + err.Error()) // only for a size below 1
	}
	m.devices = devices
	return m
}

// Last returns what d asked for last; ok is false where it has asked for nothing yet.
func (m *Memory) Last(d Device) (last Last, ok bool) {
	m.look(d, func(s *state) { last, ok = s.Last, s.asked })
	return last, ok
}

// Collection returns one folder of d as the device has it.
func (m *Memory) Collection(d Device, id string) (c Collection, ok bool) {
	m.look(d, func(s *state) { c, ok = s.collection(id) })
	return c, ok
}

// Folder returns one folder of d as the server has told the device of it.
func (m *Memory) Folder(d Device, id string) (f eas.Folder, ok bool) {
	m.look(d, func(s *state) { f, ok = s.tree.folder(id) })
	return f, ok
}

// Len returns how many devices have asked for something.
func (m *Memory) Len() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.asked
}

// Forgotten returns how many devices had to make room for others.
func (m *Memory) Forgotten() uint64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.forgotten
}

// Forget forgets all devices of a user and returns how many they were. Changed is not
// called for them.
func (m *Memory) Forget(principal string) (n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, d := range m.devices.Keys() {
		if d.Principal == principal {
			m.devices.Remove(d)
			n++
		}
	}
	return n
}

// Known tells whether the server has ever taken credentials of a device that is remembered.
func (m *Memory) Known(d Device) bool { return m.look(d, func(*state) {}) }

// Accepted tells whether the server has last answered a device with just these
// credentials.
func (m *Memory) Accepted(d Device, credentials Credentials) (are bool) {
	m.look(d, func(s *state) { are = s.accepted == credentials && credentials != Credentials{} })
	return are
}

// Refuse notes that the server has refused these credentials of a device, which it may
// have taken before.
func (m *Memory) Refuse(d Device, credentials Credentials) {
	m.updateKnown(d, func(s *state) {
		if s.accepted == credentials {
			s.accepted = Credentials{}
		}
	})
}

// look looks at a device, if it is known.
func (m *Memory) look(d Device, at func(*state)) (known bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s, known := m.devices.Get(d)
	if known {
		at(s)
	}
	return known
}

// update changes what is known of a device, which need not be known before.
func (m *Memory) update(d Device, change func(*state)) {
	m.report(d, m.change(d, true, change))
}

// updateKnown changes what is known of a device, if it is.
func (m *Memory) updateKnown(d Device, change func(*state)) {
	m.report(d, m.change(d, false, change))
}

func (m *Memory) report(d Device, changed bool) {
	if changed && m.config.Changed != nil {
		m.config.Changed(d)
	}
}

func (m *Memory) change(d Device, begin bool, change func(*state)) (changed bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s, known := m.devices.Get(d)
	switch {
	case known:
	case begin:
		// The names are cut out of a whole request line, which must not be kept for them.
		d = Device{strings.Clone(d.Principal), strings.Clone(d.ID), strings.Clone(d.Type)}
		s = newState(d)
		m.add(d, s)
	default:
		return false
	}
	before, asked := s.bytes, s.asked
	s.changed = false
	change(s)
	m.bytes += s.bytes - before
	if s.asked && !asked {
		m.asked++
	}
	m.makeRoom()
	return s.changed
}

// add takes in a device that is not there; m.mu is held.
func (m *Memory) add(d Device, s *state) {
	m.bytes += s.bytes
	if s.asked {
		m.asked++
	}
	if m.devices.Add(d, s) {
		m.forgotten++
	}
}

// left is called for each device that goes; m.mu is held.
func (m *Memory) left(_ Device, s *state) {
	m.bytes -= s.bytes
	if s.asked {
		m.asked--
	}
}

func (m *Memory) makeRoom() {
	for m.bytes > m.config.Bytes && m.devices.Len() > 1 {
		m.devices.RemoveOldest()
		m.forgotten++
	}
}
