package watch

import (
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"github.com/diastole/diastole/wbxml/eas"
)

// Device is the key of a device. The same id under two users is two devices:
// neither may touch the other's waits.
type Device struct {
	Principal string // the user as the credentials name him, folded
	ID        string // eas.Envelope.DeviceKey
	Type      string
}

// Last is what a device asked for last, as far as its server has accepted it.
type Last struct {
	Interval time.Duration // of the last Ping; 0: not known
	Folders  int           // of the last Ping
	// FolderList stands for which folders those were; zero: not known.
	FolderList [16]byte

	Hold        time.Duration // of the last Sync; 0: it did not ask to be held
	SyncFolders int           // of the last Sync
}

// Config says how much a Memory may keep. At either limit the device that was
// silent for longest is forgotten.
type Config struct {
	Devices int // at most, at least 1
	Bytes   int // of all that is remembered, roughly; at least one device stays
}

// Memory remembers devices within its bounds. It is safe for concurrent use.
type Memory struct {
	config Config

	mu        sync.Mutex
	devices   *simplelru.LRU[Device, *state]
	bytes     int
	forgotten uint64
}

// NewMemory makes an empty Memory.
func NewMemory(c Config) *Memory {
	m := &Memory{config: c}
	devices, err := simplelru.NewLRU(c.Devices, m.forget)
	if err != nil {
		panic("BUG: watch: " + err.Error()) // only for a size below 1
	}
	m.devices = devices
	return m
}

// Last returns what d asked for last.
func (m *Memory) Last(d Device) (Last, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s, ok := m.devices.Get(d)
	if !ok {
		return Last{}, false
	}
	return s.Last, true
}

// Collection returns one folder of d as the device has it.
func (m *Memory) Collection(d Device, id string) (Collection, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s, ok := m.devices.Get(d)
	if !ok {
		return Collection{}, false
	}
	c, ok := s.collections[id]
	return c, ok
}

// Len returns how many devices are known.
func (m *Memory) Len() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.devices.Len()
}

// Forgotten returns how many devices had to make room for others.
func (m *Memory) Forgotten() uint64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.forgotten
}

// Ping notes a Ping that the server has accepted. A negative value stands for
// what the Ping left out: the server goes on with what it had (MS-ASCMD 3.1.5.8).
func (m *Memory) Ping(d Device, interval time.Duration, folders int, list [16]byte) {
	m.update(d, func(s *state) {
		if interval >= 0 {
			s.Interval = interval
		}
		if folders >= 0 {
			s.Folders, s.FolderList = folders, list
		}
	})
}

// Sync notes a Sync and its answer. A zero answer is the empty one: nothing new,
// all keys stay (MS-ASCMD 2.2.1.21.2). One that refuses the Sync as a whole (not
// provisioned, interval out of range) changes nothing.
func (m *Memory) Sync(d Device, asked eas.SyncRequest, answer eas.SyncResponse) {
	if !taken(answer) {
		return
	}
	m.update(d, func(s *state) { s.sync(asked, answer) })
}

// SyncAgain notes the answer to an empty Sync, which repeats the last one.
func (m *Memory) SyncAgain(d Device, answer eas.SyncResponse) {
	if !taken(answer) {
		return
	}
	m.update(d, func(s *state) { s.answered(answer) })
}

// taken: the server has dealt with the Sync, if not with each of its folders.
func taken(answer eas.SyncResponse) bool { return answer.Status <= eas.SyncSuccess }

func (m *Memory) update(d Device, change func(*state)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s, ok := m.devices.Get(d)
	if !ok {
		s = &state{bytes: deviceBytes + len(d.Principal) + len(d.ID) + len(d.Type)}
		m.bytes += s.bytes
		m.devices.Add(d, s)
	}
	before := s.bytes
	change(s)
	m.bytes += s.bytes - before
	for m.bytes > m.config.Bytes && m.devices.Len() > 1 {
		m.devices.RemoveOldest()
	}
}

// forget is called for each device that leaves; m.mu is held.
func (m *Memory) forget(_ Device, s *state) {
	m.bytes -= s.bytes
	m.forgotten++
}
