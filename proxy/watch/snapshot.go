package watch

import (
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/diastole/diastole/wbxml/eas"
)

// Snapshot is what is worth keeping of a device across a restart: what it has and what
// it asked for last. Told is not: to tell a device once more is the lesser evil.
//
// All of it is plain data that JSON carries without loss.
type Snapshot struct {
	Device      Device               `json:"device"`
	Interval    int                  `json:"interval,omitempty"` // of the last Ping, seconds
	Folders     int                  `json:"folders,omitempty"`
	Pinged      []Waited             `json:"pinged,omitempty"`
	Hold        int                  `json:"hold,omitempty"` // of the last Sync, seconds
	SyncFolders int                  `json:"sync_folders,omitempty"`
	PolicyKey   string               `json:"policy_key,omitempty"`
	PingOurs    bool                 `json:"ping_ours,omitempty"` // see Last
	SyncOurs    bool                 `json:"sync_ours,omitempty"`
	Collections []SnapshotCollection `json:"collections,omitempty"` // sorted by id
	Tree        []SnapshotFolder     `json:"tree,omitempty"`        // sorted by id
}

// SnapshotCollection is a Collection in a Snapshot.
type SnapshotCollection struct {
	ID         string `json:"id"`
	SyncKey    string `json:"key"`
	FilterType int    `json:"filter"`           // -1: none
	Listed     bool   `json:"listed,omitempty"` // an empty Sync repeats it
}

// SnapshotFolder is a folder in a Snapshot.
type SnapshotFolder struct {
	ID       string `json:"id"`
	ParentID string `json:"parent"`
	Name     string `json:"name"`
	Type     int    `json:"type"`
}

// Snapshot returns what is worth keeping of a device; ok is false where it is not known
// or cannot be kept. What is not UTF-8 cannot: JSON would make another key of it.
func (m *Memory) Snapshot(d Device) (taken Snapshot, ok bool) {
	if !valid(d.Principal, d.ID, d.Type) {
		return Snapshot{}, false
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	s, known := m.devices.Peek(d) // to be saved is no sign of life
	if !known || !s.asked {
		return Snapshot{}, false
	}
	return s.snapshot(d), true
}

func (s *state) snapshot(d Device) Snapshot {
	taken := Snapshot{
		Device: d, Interval: seconds(s.Interval), Folders: s.Folders,
		Hold: seconds(s.Hold), SyncFolders: s.SyncFolders, PolicyKey: s.PolicyKey,
		PingOurs: s.PingOurs, SyncOurs: s.SyncOurs,
	}
	if !slices.ContainsFunc(s.Pinged, func(w Waited) bool { return !valid(w.ID, w.Class) }) {
		taken.Pinged = s.Pinged // all or none: half of them would overlook changes
	}
	for _, id := range slices.Sorted(maps.Keys(s.collections)) {
		if e := s.collections[id]; valid(id, e.SyncKey) {
			taken.Collections = append(taken.Collections, SnapshotCollection{id, e.SyncKey, e.FilterType, e.listed})
		}
	}
	for _, f := range s.tree {
		if valid(f.ID, f.ParentID, f.Name) {
			taken.Tree = append(taken.Tree, SnapshotFolder{f.ID, f.ParentID, f.Name, int(f.Type)})
		}
	}
	return taken
}

// Restore takes in what was kept, within the bounds that hold for every device. What is
// known of a device already wins. Changed is not called. Restore the device that was
// seen longest ago first: where they are too many, the first of them are forgotten.
func (m *Memory) Restore(kept Snapshot) {
	m.mu.Lock()
	defer m.mu.Unlock()
	d := kept.Device
	if m.devices.Contains(d) {
		return
	}
	s := newState(d)
	s.asked = true
	s.restore(kept)
	m.add(d, s)
	m.makeRoom()
}

func (s *state) restore(kept Snapshot) {
	s.Interval, s.Folders = duration(kept.Interval), max(kept.Folders, 0)
	s.pinged([16]byte{}, kept.Pinged) // which list it is depends on a secret of the process
	s.Hold, s.SyncFolders = duration(kept.Hold), max(kept.SyncFolders, 0)
	if isPolicyKey(kept.PolicyKey) {
		s.PolicyKey = kept.PolicyKey
	}
	s.PingOurs, s.SyncOurs = kept.PingOurs, kept.SyncOurs
	for _, c := range kept.Collections {
		s.note(c.ID, entry{Collection{c.SyncKey, max(c.FilterType, -1)}, c.Listed})
	}
	var told eas.FolderSyncResponse
	for _, f := range kept.Tree {
		told.Add = append(told.Add, eas.Folder{ID: f.ID, ParentID: f.ParentID, Name: f.Name, Type: eas.FolderType(f.Type)})
	}
	s.plant(tree(nil).grown(told))
}

// Intervals are whole seconds on the wire, and have 31 bits there.
func seconds(d time.Duration) int { return int(d / time.Second) }

func duration(seconds int) time.Duration {
	return time.Duration(min(max(seconds, 0), 1<<31-1)) * time.Second
}

func valid(texts ...string) bool { return utf8.ValidString(strings.Join(texts, "")) }
