package watch

import (
	"fmt"
	"strings"
	"testing"

	"github.com/diastole/diastole/wbxml/eas"
)

var inbox = eas.Folder{ID: "5", ParentID: "0", Name: "Inbox", Type: eas.FolderInbox}

// grow is a FolderSync of an anna's phone, and gives what is known of it.
func grow(m *Memory, key string, answer eas.FolderSyncResponse) func(id string) (eas.Folder, bool) {
	d := Device{"anna", "d", "phone"}
	m.FolderSync(d, eas.FolderSyncRequest{SyncKey: key}, answer)
	return func(id string) (eas.Folder, bool) { return m.Folder(d, id) }
}

func TestFoldersAreAsTheDeviceWasTold(t *testing.T) {
	m := NewMemory(roomy)
	work := eas.Folder{ID: "12", ParentID: "5", Name: "Work", Type: eas.FolderUserMail}
	tasks := eas.Folder{ID: "7", ParentID: "0", Name: "Tasks", Type: eas.FolderTasks}
	first := eas.FolderSyncResponse{Status: 1, SyncKey: "1", Add: []eas.Folder{inbox, work, tasks}}
	later := eas.FolderSyncResponse{Status: 1, SyncKey: "2", Delete: []string{"7", "99"}, Update: []eas.Folder{{ID: "12", ParentID: "0", Name: "Private"}}}

	want := func(known func(string) (eas.Folder, bool), folders ...eas.Folder) {
		t.Helper()
		for _, id := range []string{"5", "7", "9", "12", "99", ""} {
			var f eas.Folder
			for _, one := range folders {
				if one.ID == id {
					f = one
				}
			}
			if got, ok := known(id); got != f || ok != (f.ID != "") {
				t.Errorf("folder %q is %+v (%v), want %+v", id, got, ok, f)
			}
		}
	}
	known := grow(m, "0", first)
	want(known, inbox, work, tasks)
	for range 2 { // the second time because the answer was lost
		grow(m, "1", later)
		want(known, inbox, eas.Folder{ID: "12", ParentID: "0", Name: "Private", Type: eas.FolderUserMail})
	}
	for _, status := range []eas.FolderSyncStatus{6, 10, 12, 142} {
		grow(m, "0", eas.FolderSyncResponse{Status: status, Add: []eas.Folder{tasks}})
	}
	want(known, inbox, eas.Folder{ID: "12", ParentID: "0", Name: "Private", Type: eas.FolderUserMail})
	grow(m, "0", eas.FolderSyncResponse{Status: 1, Add: []eas.Folder{tasks}})
	want(known, tasks) // key 0 begins anew
	grow(m, "1", eas.FolderSyncResponse{Status: eas.FolderSyncInvalidKey})
	want(known)
}

func TestAFolderThatIsDeletedHasNoKey(t *testing.T) {
	m, d := NewMemory(roomy), Device{"anna", "d", "phone"}
	grow(m, "0", eas.FolderSyncResponse{Status: 1, Add: []eas.Folder{inbox}})
	m.Sync(d, fullSync("5", "0"), keys("5", "1"))
	grow(m, "0", eas.FolderSyncResponse{Status: 1, Add: []eas.Folder{inbox}})
	if c, ok := m.Collection(d, "5"); !ok || c.SyncKey != "1" {
		t.Errorf("after a new beginning of the tree: %+v, %v", c, ok)
	}
	grow(m, "1", eas.FolderSyncResponse{Status: 1, Delete: []string{"5"}})
	if c, ok := m.Collection(d, "5"); ok {
		t.Errorf("after its end: %+v", c)
	}
}

// What a server says is bounded too: its mailbox is its user's.
func TestHostileTreesAreBounded(t *testing.T) {
	m, long := NewMemory(roomy), strings.Repeat("x", maxText+1)
	var many eas.FolderSyncResponse
	many.Status = 1
	for i := range 30_000 {
		many.Add = append(many.Add, eas.Folder{ID: fmt.Sprint(i), ParentID: "0", Name: "n", Type: eas.FolderUserMail})
	}
	known := grow(m, "0", many)
	if s, _ := m.devices.Peek(Device{"anna", "d", "phone"}); len(s.tree) != maxCollections || m.bytes != s.bytes {
		t.Errorf("%d folders are known, %d bytes of %d", len(s.tree), s.bytes, m.bytes)
	}
	for name, f := range map[string]eas.Folder{
		"a long id": {ID: long, Type: 2}, "a long name": {ID: "5", Name: long, Type: 2}, "a long parent": {ID: "5", ParentID: long, Type: 2},
		"no id": {Name: "n", Type: 2}, "no type": {ID: "5", Name: "n"},
	} {
		grow(m, "0", eas.FolderSyncResponse{Status: 1, Add: []eas.Folder{inbox, f}})
		if _, ok := known(f.ID); ok {
			t.Errorf("%s is known", name)
		}
	}
	grow(m, "0", eas.FolderSyncResponse{Status: 1, Add: []eas.Folder{inbox}})
	grow(m, "1", eas.FolderSyncResponse{Status: 1, Update: []eas.Folder{{ID: "5", Name: long}}})
	if f, ok := known("5"); ok {
		t.Errorf("a folder whose new name is too long is still %+v", f)
	}
}
