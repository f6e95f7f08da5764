package watch

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/diastole/diastole/wbxml/eas"
)

// Stores of older programs must stay readable: the names are part of the format.
func TestASnapshotIsThisJSON(t *testing.T) {
	m, d := NewMemory(roomy), Device{"anna", "d", "phone"}
	m.Ping(d, 15*time.Minute, 2, [16]byte{1}, []Waited{{"5", "Email"}, {"6", ""}})
	r := fullSync("6", "0", "5", "7")
	r.Interval, r.Collections[1].FilterType = 480, 3
	m.Sync(d, r, keys("5", "8"))
	m.Sync(d, partialSync("5", "8"), refused("6", eas.SyncInvalidKey))
	m.FolderSync(d, eas.FolderSyncRequest{SyncKey: "0"}, eas.FolderSyncResponse{Status: 1, Add: []eas.Folder{inbox}})
	m.Told(d, []string{"5"})
	m.Policy(d, "42")
	s, ok := m.Snapshot(d)
	text, err := json.Marshal(s)
	want := `{"device":{"user":"anna","id":"d","type":"phone"},"interval":900,"folders":2,` +
		`"pinged":[{"id":"5","class":"Email"},{"id":"6"}],"sync_folders":2,"policy_key":"42",` +
		`"collections":[{"id":"5","key":"8","filter":3,"listed":true}],` +
		`"tree":[{"id":"5","parent":"0","name":"Inbox","type":2}]}`
	if !ok || err != nil || string(text) != want {
		t.Errorf("%v, %v\ngot  %s\nwant %s", ok, err, text, want)
	}
	if _, ok := m.Snapshot(Device{ID: "stranger"}); ok {
		t.Error("there is a snapshot of a stranger")
	}
}

func TestWhatJSONCannotSayIsLeftOut(t *testing.T) {
	const odd = "\xff\xfe"
	m, d := NewMemory(roomy), Device{"anna", "d", "phone"}
	m.Sync(d, fullSync(odd, "1", "5", odd, "6", "7"), eas.SyncResponse{Empty: true})
	m.Ping(d, time.Minute, 2, [16]byte{}, []Waited{{"5", "Email"}, {odd, ""}})
	m.FolderSync(d, eas.FolderSyncRequest{}, eas.FolderSyncResponse{Status: 1, Add: []eas.Folder{inbox, {ID: "9", Name: odd, Type: 12}}})
	s, ok := m.Snapshot(d)
	if !ok || len(s.Collections) != 1 || s.Collections[0].ID != "6" || s.Pinged != nil || len(s.Tree) != 1 || s.Tree[0].ID != "5" {
		t.Errorf("%v, %+v", ok, s)
	}
	for _, d := range []Device{{odd, "d", "phone"}, {"anna", odd, "phone"}, {"anna", "d", odd}} {
		m.Ping(d, time.Minute, 1, [16]byte{}, nil)
		if s, ok := m.Snapshot(d); ok {
			t.Errorf("%q is kept as %+v", d, s)
		}
	}
}

func TestWhatIsThereAlreadyWins(t *testing.T) {
	calls := 0
	c := roomy
	c.Changed = func(Device) { calls++ }
	m, d := NewMemory(c), Device{"anna", "d", "phone"}
	old := Snapshot{Device: d, Interval: 60, Collections: []SnapshotCollection{{ID: "5", SyncKey: "1"}}}
	m.Restore(old)
	if got, ok := m.Snapshot(d); !ok || !reflect.DeepEqual(got, old) || calls != 0 {
		t.Errorf("%+v came back as %+v, %v, reported %d times", old, got, ok, calls)
	}
	m.Sync(d, fullSync("5", "1"), keys("5", "2"))
	m.Restore(old)
	if c, _ := m.Collection(d, "5"); c.SyncKey != "2" || calls != 1 {
		t.Errorf("the key is %q again, reported %d times", c.SyncKey, calls)
	}
}

func TestTheLatestOfTooManySnapshotsStay(t *testing.T) {
	m := NewMemory(Config{Devices: 3, Bytes: 1 << 20})
	for i := range 10 {
		m.Restore(Snapshot{Device: Device{ID: fmt.Sprint(i)}, Interval: 60})
	}
	for i := range 10 {
		if _, ok := m.Snapshot(Device{ID: fmt.Sprint(i)}); ok != (i >= 7) {
			t.Errorf("device %d is known: %v", i, ok)
		}
	}
	m = NewMemory(Config{Devices: 3, Bytes: 2 * deviceBytes})
	for i := range 3 {
		m.Restore(Snapshot{Device: Device{ID: fmt.Sprint(i)}, Interval: 60})
	}
	if m.Len() != 1 || m.bytes != deviceBytes+1 { // two and their names are more
		t.Errorf("%d devices of %d bytes are known", m.Len(), m.bytes)
	}
}

// bounded checks that a device takes no more than one may.
func bounded(t interface{ Fatalf(string, ...any) }, m *Memory, d Device) {
	s, known := m.devices.Peek(d)
	if !known {
		t.Fatalf("%v is not known", d)
	}
	bytes := newState(d).bytes + costOf(s.Pinged) + s.tree.cost()
	for id, e := range s.collections {
		bytes += cost(id, e)
		if id == "" || max(len(id), len(e.SyncKey)) > maxText || e.FilterType < -1 {
			t.Fatalf("%.50q: %+v", id, e)
		}
	}
	for id := range s.told {
		bytes += toldBytes + len(id)
	}
	switch {
	case bytes != s.bytes:
		t.Fatalf("%d bytes are counted, want %d", s.bytes, bytes)
	case max(len(s.collections), len(s.tree), len(s.told)) > maxCollections, len(s.Pinged) > maxPinged:
		t.Fatalf("%d folders, %d in the tree, %d told, %d pinged", len(s.collections), len(s.tree), len(s.told), len(s.Pinged))
	case s.PolicyKey != "" && !isPolicyKey(s.PolicyKey), min(s.Interval, s.Hold) < 0, min(s.Folders, s.SyncFolders) < 0:
		t.Fatalf("%+v", s.Last)
	case slices.ContainsFunc(s.Pinged, Waited.tooLong), slices.ContainsFunc(s.tree, func(f eas.Folder) bool { return max(len(f.ID), len(f.Name), len(f.ParentID)) > maxText }):
		t.Fatalf("texts are too long: %.300v %.300v", s.Pinged, s.tree)
	}
}

// FuzzSnapshot: whatever stands in a store, what is restored is within the bounds of a
// device that came by itself, and is kept as the same from then on.
func FuzzSnapshot(f *testing.F) {
	m, d := NewMemory(roomy), Device{"anna", "d", "phone"}
	m.Ping(d, 15*time.Minute, 2, [16]byte{1}, []Waited{{"5", "Email"}, {"6", ""}})
	m.Sync(d, fullSync("6", "0", "5", "7"), keys("5", "8"))
	m.FolderSync(d, eas.FolderSyncRequest{SyncKey: "0"}, hierarchy)
	s, _ := m.Snapshot(d)
	text, _ := json.Marshal(s)
	f.Add(text)
	f.Add([]byte(`{"interval":-5,"folders":-1,"policy_key":"00001","hold":99999999999,"collections":[{"id":"","key":"1"},{"id":"5","filter":-9}],"tree":[{"id":"5"},{"id":"6","type":2},{"id":"6","type":3}]}`))
	f.Add([]byte(`{"pinged":[{"id":"` + strings.Repeat("x", 300) + `"}],"collections":null}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var s Snapshot
		if json.Unmarshal(text, &s) != nil {
			return
		}
		m := NewMemory(roomy)
		m.Restore(s)
		bounded(t, m, s.Device)
		first, ok := m.Snapshot(s.Device)
		again := NewMemory(roomy)
		again.Restore(first)
		if second, _ := again.Snapshot(s.Device); ok && !reflect.DeepEqual(first, second) {
			t.Fatalf("%+v came back as %+v", first, second)
		}
	})
}

// The same with texts and numbers of documents, whatever size they have.
func TestOneDeviceIsBoundedWhateverItSays(t *testing.T) {
	text := rapid.Custom(func(t *rapid.T) string {
		return strings.Repeat(rapid.SampledFrom([]string{"a", "ü", "7"}).Draw(t, "of"), rapid.SampledFrom([]int{0, 1, 2, 3, 128, 256, 257, 300}).Draw(t, "length"))
	})
	count := rapid.SampledFrom([]int{0, 1, 3, 299, 300, 301, 500, 700})
	rapid.Check(t, func(t *rapid.T) {
		m, d := NewMemory(roomy), Device{"anna", "d", "phone"}
		m.Ping(d, time.Minute, 1, [16]byte{}, nil)
		for range rapid.IntRange(1, 6).Draw(t, "documents") {
			n, a, b := count.Draw(t, "folders"), text.Draw(t, "a text"), text.Draw(t, "another")
			var named []Waited
			r, tree, ids := eas.SyncRequest{}, eas.FolderSyncResponse{Status: 1}, []string{}
			for i := range n {
				id := fmt.Sprint(a, i)
				named, ids = append(named, Waited{id, b}), append(ids, id)
				r.Collections = append(r.Collections, eas.SyncCollection{ID: id, SyncKey: b, FilterType: -1})
				tree.Add = append(tree.Add, eas.Folder{ID: id, Name: b, Type: 2})
			}
			m.Ping(d, time.Hour, n, [16]byte{}, named)
			m.Sync(d, r, eas.SyncResponse{})
			m.FolderSync(d, eas.FolderSyncRequest{SyncKey: "1"}, tree)
			m.Told(d, ids)
			bounded(t, m, d)
		}
	})
}
