package watch

import (
	"reflect"
	"testing"
	"time"
)

var roamer = Device{Principal: "anna", ID: "p1", Type: "iPhone"}

func TestWhatAnotherNodeKnowsReplacesWhatIsKnown(t *testing.T) {
	here, there := NewMemory(Config{Devices: 2, Bytes: 1 << 20}), NewMemory(Config{Devices: 2, Bytes: 1 << 20})
	here.Ping(roamer, time.Minute, 1, [16]byte{1}, []Waited{{ID: "1"}})
	there.Ping(roamer, 2*time.Minute, 1, [16]byte{2}, []Waited{{ID: "2"}})
	there.Accept(roamer, Credentials{7})
	kept, ok := there.Snapshot(roamer)
	if !ok {
		t.Fatal("nothing to be kept")
	}
	here.Replace(kept, there.Credentials(roamer))
	if got, _ := here.Snapshot(roamer); !reflect.DeepEqual(got, kept) {
		t.Errorf("%+v, want %+v", got, kept)
	}
	if !here.Accepted(roamer, Credentials{7}) || here.Len() != 1 {
		t.Errorf("accepted %v, %d devices", here.Credentials(roamer), here.Len())
	}
}

func TestInDoubtOnlyTheKeysAreLeft(t *testing.T) {
	changed := 0
	m := NewMemory(Config{Devices: 2, Bytes: 1 << 20, Changed: func(Device) { changed++ }})
	m.Doubt(roamer)
	if m.Len() != 0 || changed != 0 {
		t.Error("a device that is not known is doubted")
	}
	kept := Snapshot{
		Device: roamer, Interval: 480, Folders: 1, Pinged: []Waited{{ID: "1"}}, Hold: 60, SyncFolders: 1, PolicyKey: "12",
		Collections: []SnapshotCollection{{ID: "1", SyncKey: "k1", FilterType: 3}}, Tree: []SnapshotFolder{{ID: "1", Name: "Inbox", Type: 2}},
	}
	m.Restore(kept)
	m.Doubt(roamer)
	got, _ := m.Snapshot(roamer)
	want := Snapshot{Device: roamer, PolicyKey: "12", PingOurs: true, SyncOurs: true, Collections: kept.Collections, Tree: kept.Tree}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
	if changed != 1 {
		t.Errorf("%d changes were told, want 1", changed)
	}
}
