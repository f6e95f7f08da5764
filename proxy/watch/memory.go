package watch

import (
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

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

	Hold        time.Duration // of the last Sync; 0: it did not ask to be held
	SyncFolders int           // of the last Sync
}

// state is what is remembered of one device.
type state struct {
	Last
	collections map[string]Collection // by collection id
}

// Collection is one folder as the device has it.
type Collection struct {
	SyncKey    string // the last one the server handed out
	FilterType int    // of the last Sync, MS-ASCMD 2.2.3.68.2; -1: none
}

// maxCollections bounds what one device may make us remember. Its further
// folders are simply not known.
const maxCollections = 500

// Memory remembers a bounded number of devices; the one that was silent for
// longest is forgotten first. It is safe for concurrent use.
type Memory struct {
	mu      sync.Mutex
	devices *lru.Cache[Device, *state]
}

// NewMemory makes a Memory for that many devices.
func NewMemory(devices int) *Memory {
	cache, err := lru.New[Device, *state](devices)
	if err != nil {
		panic("BUG: watch: " + err.Error()) // only for a size below 1
	}
	return &Memory{devices: cache}
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
func (m *Memory) Len() int { return m.devices.Len() }

// Ping notes a Ping that the server has accepted. A negative value stands for
// what the Ping left out: the server goes on with what it had (MS-ASCMD 3.1.5.8).
func (m *Memory) Ping(d Device, interval time.Duration, folders int) {
	m.update(d, func(s *state) {
		if interval >= 0 {
			s.Interval = interval
		}
		if folders >= 0 {
			s.Folders = folders
		}
	})
}

// Sync notes a Sync that the server has accepted, and its answer. A zero answer
// is the empty one: nothing new, all keys stay (MS-ASCMD 2.2.1.21.2).
func (m *Memory) Sync(d Device, asked eas.SyncRequest, answer eas.SyncResponse) {
	m.update(d, func(s *state) {
		s.Hold = asked.Hold()
		if !asked.Partial { // a partial list is completed from the one before, 2.2.3.131
			s.SyncFolders = len(asked.Collections)
		}
		for _, c := range asked.Collections {
			s.note(c.ID, Collection{SyncKey: c.SyncKey, FilterType: c.FilterType})
		}
		s.answered(answer)
	})
}

// SyncAgain notes the answer to an empty Sync, which repeats the last one.
func (m *Memory) SyncAgain(d Device, answer eas.SyncResponse) {
	m.update(d, func(s *state) { s.answered(answer) })
}

func (s *state) answered(answer eas.SyncResponse) {
	for _, c := range answer.Collections {
		known, ok := s.collections[c.ID]
		switch {
		case c.Status == eas.SyncInvalidKey:
			delete(s.collections, c.ID) // the device starts again from nothing
		case ok && c.SyncKey != "":
			known.SyncKey = c.SyncKey
			s.note(c.ID, known)
		}
	}
}

func (s *state) note(id string, c Collection) {
	if _, known := s.collections[id]; id == "" || !known && len(s.collections) >= maxCollections {
		return
	}
	if s.collections == nil {
		s.collections = map[string]Collection{}
	}
	s.collections[id] = c
}

func (m *Memory) update(d Device, change func(*state)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s, ok := m.devices.Get(d)
	if !ok {
		s = &state{}
		m.devices.Add(d, s)
	}
	change(s)
}
