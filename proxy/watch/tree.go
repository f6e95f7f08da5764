package watch

import (
	"slices"
	"strings"

	"github.com/diastole/diastole/wbxml/eas"
)

// tree is the folder hierarchy that a device was told of, sorted by id: a map would take
// twice the memory. It is never changed in place.
type tree []eas.Folder

func (t tree) find(id string) (at int, known bool) {
	return slices.BinarySearchFunc(t, id, func(f eas.Folder, id string) int { return strings.Compare(f.ID, id) })
}

func (t tree) folder(id string) (eas.Folder, bool) {
	at, known := t.find(id)
	if !known {
		return eas.Folder{}, false
	}
	return t[at], true
}

// grown is the tree with what an answer adds, changes and deletes. Said twice, it is the
// same: a device whose answer was lost asks again with its old key.
func (t tree) grown(answer eas.FolderSyncResponse) tree {
	if len(answer.Delete)+len(answer.Update)+len(answer.Add) == 0 {
		return t
	}
	next := slices.Clone(t)
	for _, id := range answer.Delete {
		next = next.without(id)
	}
	for _, f := range answer.Update {
		known, _ := next.folder(f.ID)
		next = next.with(completed(f, known))
	}
	for _, f := range answer.Add {
		next = next.with(f)
	}
	return slices.Clone(next) // without what it grew by for nothing
}

// completed: an Update must name everything (MS-ASCMD 2.2.3.183.1), but what it leaves
// out is no reason to forget what a folder is for.
func completed(f, known eas.Folder) eas.Folder {
	if f.Type == 0 {
		f.Type = known.Type
	}
	if f.Name == "" {
		f.Name = known.Name
	}
	if f.ParentID == "" {
		f.ParentID = known.ParentID
	}
	return f
}

// with takes in a folder, if it can be kept; otherwise it is not known any more. One
// without a type is as good as unknown.
func (t tree) with(f eas.Folder) tree {
	if f.ID == "" || f.Type <= 0 || max(len(f.ID), len(f.ParentID), len(f.Name)) > maxText {
		return t.without(f.ID)
	}
	at, known := t.find(f.ID)
	switch {
	case known:
		t[at] = f
	case len(t) < maxCollections:
		t = slices.Insert(t, at, f)
	}
	return t
}

func (t tree) without(id string) tree {
	at, known := t.find(id)
	if !known {
		return t
	}
	return slices.Delete(t, at, at+1)
}

func (t tree) cost() (bytes int) {
	for _, f := range t {
		bytes += folderBytes + len(f.ID) + len(f.ParentID) + len(f.Name)
	}
	return bytes
}
