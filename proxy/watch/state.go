package watch

import (
	"slices"

	"github.com/diastole/diastole/wbxml/eas"
)

// Collection is one folder as the device has it.
type Collection struct {
	SyncKey    string // the last one the server handed out
	FilterType int    // that holds, MS-ASCMD 2.2.3.68.2; -1: none
}

// What one device may make us remember. Its further folders, and those with
// longer names, are simply not known. Ids and keys have up to 64 characters
// (MS-ASCMD 2.2.3.30.6), SOGo's some more.
const (
	maxCollections = 500 // also of the tree
	maxPinged      = 300 // what a GetItemEstimate may ask about (2.2.3.29.1)
	maxText        = 256
)

// What a device and a folder cost beside their texts: map and list entries,
// string headers, the allocator's rounding.
const (
	deviceBytes     = 500
	collectionBytes = 100
	folderBytes     = 80
	waitedBytes     = 48
	toldBytes       = 48
)

// state is what is remembered of one device.
type state struct {
	Last
	collections map[string]entry // by collection id
	tree        tree
	accepted    Credentials
	told        map[string]bool // folders that it was told of and has not come for
	bytes       int
	asked       bool // something that is remembered here; not only for its credentials
	changed     bool // in what a Snapshot holds
}

// entry is a Collection, and what the next Sync needs to know of it.
type entry struct {
	Collection
	// listed: the server repeats it in an empty Sync and completes a partial one with it
	// (MS-ASCMD 2.2.3.131).
	listed bool
}

func newState(d Device) *state {
	return &state{bytes: deviceBytes + len(d.Principal) + len(d.ID) + len(d.Type)}
}

// set changes a value, and takes note if it is another one.
func set[T comparable](s *state, to *T, value T) {
	s.changed = s.changed || *to != value
	*to = value
}

// pinged takes in which folders the last Ping was about.
func (s *state) pinged(list [16]byte, named []Waited) {
	s.FolderList = list
	if len(named) > maxPinged || slices.ContainsFunc(named, Waited.tooLong) {
		named = nil
	}
	if slices.Equal(named, s.Pinged) {
		return
	}
	s.bytes += costOf(named) - costOf(s.Pinged)
	s.Pinged, s.changed = slices.Clone(named), true
}

func (w Waited) tooLong() bool { return max(len(w.ID), len(w.Class)) > maxText }

func (s *state) collection(id string) (Collection, bool) {
	e, known := s.collections[id]
	return e.Collection, known
}

func (s *state) note(id string, e entry) {
	before, known := s.collections[id]
	switch {
	case !known && len(s.collections) >= maxCollections, id == "", len(id) > maxText:
		return
	case known && before == e:
		return
	}
	s.drop(id)
	if len(e.SyncKey) > maxText {
		return // the old key is no longer true, and the new one is none
	}
	if s.collections == nil {
		s.collections = map[string]entry{}
	}
	s.collections[id], s.changed = e, true
	s.bytes += cost(id, e)
}

func (s *state) drop(id string) {
	if e, known := s.collections[id]; known {
		s.bytes -= cost(id, e)
		delete(s.collections, id)
		s.changed = true
	}
}

// tell takes note that the device was told of a folder.
func (s *state) tell(id string) {
	if s.told[id] || len(s.told) >= maxCollections || len(id) > maxText {
		return
	}
	if s.told == nil {
		s.told = map[string]bool{}
	}
	s.told[id] = true
	s.bytes += toldBytes + len(id)
}

// comes: the device has come for a folder.
func (s *state) comes(id string) {
	if s.told[id] {
		delete(s.told, id)
		s.bytes -= toldBytes + len(id)
	}
}

func cost(id string, e entry) int { return collectionBytes + len(id) + len(e.SyncKey) }

func costOf(named []Waited) (bytes int) {
	for _, w := range named {
		bytes += waitedBytes + len(w.ID) + len(w.Class)
	}
	return bytes
}

// folderSync applies what the server said of the hierarchy.
func (s *state) folderSync(asked eas.FolderSyncRequest, answer eas.FolderSyncResponse) {
	next := s.tree
	if asked.SyncKey == "0" {
		next = nil
	}
	for _, id := range answer.Delete {
		s.drop(id) // its key is of no use any more, and its id may be given to another
		s.comes(id)
	}
	s.plant(next.grown(answer))
}

// plant replaces the tree.
func (s *state) plant(next tree) {
	if slices.Equal(next, s.tree) {
		return
	}
	s.bytes += next.cost() - s.tree.cost()
	s.tree, s.changed = next, true
}
