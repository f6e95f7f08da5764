package main

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap/zaptest"

	"github.com/diastole/diastole/heartbeat"
	"github.com/diastole/diastole/internal/store"
	"github.com/diastole/diastole/proxy"
	"github.com/diastole/diastole/proxy/watch"
	"github.com/diastole/diastole/wbxml/eas"
)

// openHaves is what devices have, kept in a file, with nobody who saves it by itself.
func openHaves(t *testing.T, path string, metrics prometheus.Registerer) *haves {
	t.Helper()
	s, err := store.Open(store.Config{Path: path, Log: zaptest.NewLogger(t), Metrics: store.NewMetrics(metrics)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close(t.Context()) })
	return newHaves(havesConfig{store: s, lasting: path != "", log: zaptest.NewLogger(t)})
}

func mustSave(t *testing.T, h *haves) {
	t.Helper()
	if err := h.save(new(sync.Mutex)); err != nil {
		t.Fatal(err)
	}
}

// rows are the devices in the file.
func rows(t *testing.T, s *store.Store) (found []string) {
	t.Helper()
	for h, err := range s.Havings(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, h.Key.Principal+"/"+h.Key.Device)
	}
	slices.Sort(found)
	return found
}

func dev(user string, i int) watch.Device {
	return watch.Device{Principal: user, ID: fmt.Sprintf("d%d", i), Type: "iPhone"}
}

// syncs lets a device fetch a folder and get a key for it.
func syncs(m *watch.Memory, d watch.Device, folder, key string) {
	m.Sync(d, eas.SyncRequest{Collections: []eas.SyncCollection{{ID: folder, SyncKey: "1", FilterType: 3}}},
		eas.SyncResponse{Collections: []eas.SyncAnswer{{ID: folder, SyncKey: key, Status: eas.SyncSuccess}}})
}

func TestWhatADeviceHasIsKnownAfterARestart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	h := openHaves(t, path, nil)
	d := dev("anna", 1)
	syncs(h.memory, d, "5", "k2")
	syncs(h.memory, d, "7", "{f00}9")
	h.memory.Ping(d, 15*time.Minute, 2, [16]byte{1}, []watch.Waited{{ID: "5", Class: "Email"}, {ID: "7", Class: "Calendar"}})
	h.memory.FolderSync(d, eas.FolderSyncRequest{SyncKey: "0"}, eas.FolderSyncResponse{Status: 1, SyncKey: "1",
		Add: []eas.Folder{{ID: "5", ParentID: "0", Name: "Eingänge", Type: 2}}})
	syncs(h.memory, dev("bert", 2), "5", "b1")
	mustSave(t, h)
	want, _ := h.memory.Snapshot(d)
	if err := h.store.Close(t.Context()); err != nil {
		t.Fatal(err)
	}

	again := openHaves(t, path, nil)
	if n := again.restore(t.Context()); n != 2 || again.memory.Len() != 2 {
		t.Errorf("%d devices restored, %d remembered", n, again.memory.Len())
	}
	if got, ok := again.memory.Snapshot(d); !ok || !reflect.DeepEqual(got, want) || len(got.Collections) != 2 || len(got.Tree) != 1 || len(got.Pinged) != 2 {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if c, ok := again.memory.Collection(d, "7"); !ok || c.SyncKey != "{f00}9" || c.FilterType != 3 {
		t.Errorf("got %+v", c)
	}
	if left := again.take(); len(left) != 0 {
		t.Errorf("what was restored is to be saved again: %v", left)
	}
}

func TestADeviceThatFetchesManyFoldersIsOneRow(t *testing.T) {
	metrics := prometheus.NewRegistry()
	h := openHaves(t, filepath.Join(t.TempDir(), "state.db"), metrics)
	for i := range 50 {
		syncs(h.memory, dev("anna", 1), fmt.Sprint(i), "k")
	}
	mustSave(t, h)
	mustSave(t, h) // nothing changed
	if n := written(t, metrics, "haves"); n != 1 {
		t.Errorf("%g rows were written", n)
	}
	for i := range 3*havesAtOnce + 1 {
		syncs(h.memory, dev("anna", i), "5", "k")
	}
	mustSave(t, h)
	if n := len(rows(t, h.store)); n != 3*havesAtOnce+1 {
		t.Errorf("%d rows", n)
	}
}

func TestWithoutAFileNothingIsNotedToBeSaved(t *testing.T) {
	h := openHaves(t, "", nil)
	syncs(h.memory, dev("anna", 1), "5", "k")
	if _, known := h.memory.Collection(dev("anna", 1), "5"); !known || len(h.take()) != 0 {
		t.Error("it is not remembered, or is to be saved")
	}
}

// beside changes a file that is in use, as another program would.
func beside(t *testing.T, path, statement string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(statement); err != nil {
		t.Fatal(err)
	}
}

func TestWhatADiskDoesNotTakeIsSavedLater(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	h := openHaves(t, path, nil)
	beside(t, path, "ALTER TABLE haves RENAME TO away")
	for i := range 2*havesAtOnce + 1 {
		syncs(h.memory, dev("anna", i), "5", "k1")
	}
	for range 3 {
		if h.save(new(sync.Mutex)) == nil {
			t.Fatal("it says that all is written")
		}
	}
	syncs(h.memory, dev("anna", 0), "5", "k2")
	beside(t, path, "ALTER TABLE away RENAME TO haves")
	mustSave(t, h)
	if n := len(rows(t, h.store)); n != 2*havesAtOnce+1 {
		t.Errorf("%d rows are there", n)
	}
	for row, err := range h.store.Havings(t.Context()) {
		if want := map[bool]string{true: "k2", false: "k1"}[row.Key.Device == "d0"]; err != nil || !strings.Contains(string(row.State), want) {
			t.Errorf("%s: %s, %v", row.Key.Device, row.State, err)
		}
	}
}

func TestLawBoundedIsWhatIsToBeSavedAndWhatIsRestored(t *testing.T) {
	h := openHaves(t, filepath.Join(t.TempDir(), "state.db"), nil)
	now := time.Now()
	for i := range 9 {
		k := heartbeat.Key{Principal: "anna", Device: fmt.Sprintf("d%d", i), Type: "iPhone"}
		state := fmt.Sprintf(`{"device":{"user":"anna","id":"d%d","type":"iPhone"},"collections":[{"id":"5","key":"k"}]}`, i)
		h.store.PutHaving(store.Having{Key: k, Seen: now.Add(time.Duration(i) * time.Second), State: []byte(state)})
	}
	mustSave(t, h)
	defer func(was watch.Config) { proxy.Remembered = was }(proxy.Remembered)
	proxy.Remembered.Devices = 3
	few := newHaves(havesConfig{store: h.store, lasting: true, log: zaptest.NewLogger(t)})
	few.restore(t.Context())
	if n := few.memory.Len(); n != 3 {
		t.Errorf("%d devices are remembered", n)
	}
	for i := 6; i < 9; i++ {
		if _, known := few.memory.Collection(dev("anna", i), "5"); !known {
			t.Errorf("d%d changed later than those that are known", i)
		}
	}
	for i := range 100 {
		syncs(few.memory, dev("bert", i), "5", "k")
	}
	if n := len(few.take()); n != 3 {
		t.Errorf("%d are to be saved", n)
	}
}

func TestARowOfAnotherVersionIsNoHarm(t *testing.T) {
	h := openHaves(t, filepath.Join(t.TempDir(), "state.db"), nil)
	syncs(h.memory, dev("anna", 1), "5", "k")
	h.store.PutHaving(store.Having{Key: heartbeat.Key{Principal: "bert"}, Seen: time.Now(), State: []byte("[1, 2")})
	mustSave(t, h)
	again := newHaves(havesConfig{store: h.store, lasting: true, log: zaptest.NewLogger(t)})
	if n := again.restore(t.Context()); n != 1 || again.memory.Len() != 1 {
		t.Errorf("%d restored", n)
	}
}
