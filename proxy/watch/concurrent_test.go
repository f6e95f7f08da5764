package watch

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/diastole/diastole/wbxml/eas"
)

// Changed is called by whoever told us, with no lock held: it may ask for the device.
// More devices speak here than there is room for.
func TestManyDevicesSpeakAtOnce(t *testing.T) {
	var m *Memory
	var reported atomic.Int64
	m = NewMemory(Config{Devices: 5, Bytes: 1 << 20, Changed: func(d Device) {
		reported.Add(1)
		if s, ok := m.Snapshot(d); ok && s.Device != d {
			t.Errorf("%v is kept as %v", d, s.Device)
		}
	}})
	var all sync.WaitGroup
	for n := range 8 {
		d := Device{Principal: fmt.Sprint(n % 3), ID: fmt.Sprint(n), Type: "phone"}
		all.Go(func() {
			for i := range 200 {
				m.Ping(d, time.Duration(i)*time.Second, 1, [16]byte{byte(i)}, []Waited{{"5", "Email"}})
				m.Sync(d, fullSync("5", fmt.Sprint(i)), keys("5", fmt.Sprint(i+1)))
				m.FolderSync(d, eas.FolderSyncRequest{SyncKey: "0"}, hierarchy)
				m.Told(d, []string{"5"})
				m.SyncAgain(d, eas.SyncResponse{Empty: true})
				last, _ := m.Last(d)
				for _, w := range last.Pinged { // is not written to while it is read
					m.WasTold(d, []string{w.ID})
				}
				m.Collection(d, "5")
				m.Folder(d, "5")
				if i%50 == 0 {
					m.Forget(d.Principal)
					m.Restore(Snapshot{Device: d, Interval: 60})
				}
			}
		})
	}
	all.Wait()
	if m.Len() > 5 || reported.Load() == 0 {
		t.Errorf("%d devices are known, %d changes were reported", m.Len(), reported.Load())
	}
	left := 0
	for n := range 3 {
		left += m.Forget(fmt.Sprint(n))
	}
	if left > 5 || m.Len() != 0 || m.bytes != 0 {
		t.Errorf("%d were left to forget; then %d of %d bytes are", left, m.Len(), m.bytes)
	}
}

// A phone in steady state, that pings and syncs and finds nothing new, is not written to
// a disk each time.
func TestWhatStaysTheSameIsNotReported(t *testing.T) {
	reported := 0
	c := roomy
	c.Changed = func(Device) { reported++ }
	m, d := NewMemory(c), Device{"anna", "d", "phone"}
	named := []Waited{{"5", "Email"}, {"6", "Calendar"}}
	round := func() {
		m.Ping(d, time.Minute, 2, [16]byte{1}, named)
		m.Ping(d, -1, -1, [16]byte{}, nil)
		m.Sync(d, fullSync("5", "1"), eas.SyncResponse{Empty: true})
		m.Sync(d, fullSync("5", "1"), keys("5", "1"))
		m.SyncAgain(d, eas.SyncResponse{Empty: true})
		m.FolderSync(d, eas.FolderSyncRequest{SyncKey: "0"}, hierarchy)
		m.FolderSync(d, eas.FolderSyncRequest{SyncKey: "1"}, eas.FolderSyncResponse{Status: 1, SyncKey: "1"})
		m.Told(d, []string{"5"})
	}
	round()
	first := reported
	for range 5 {
		round()
	}
	if first != 3 || reported != first { // the first Ping, the first Sync, the first FolderSync
		t.Errorf("%d changes were reported at first, then %d more", first, reported-first)
	}
}
