package store

import (
	"bytes"
	"context"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/diastole/diastole/heartbeat"
)

// same compares with times as instants.
func same(t *testing.T, what string, got, want any) {
	t.Helper()
	if g, w := dump(got), dump(want); g != w {
		t.Errorf("%s:\n got %s\nwant %s", what, g, w)
	}
}

func TestWhatWasPutIsThereAfterARestart(t *testing.T) {
	path := one(t)
	s := open(t, Config{Path: path})
	odd := device(3)
	odd.Key = heartbeat.Key{Principal: "DOMAIN\\jörg'; --", Device: "\x00\xff\xfe\x80", Type: "ty\npe"}
	oddWait := wait(3)
	oddWait.Key, oddWait.Outcome, oddWait.Proof = odd.Key, heartbeat.UpstreamFault, heartbeat.Confirmed
	devices, networks, waits := []heartbeat.DeviceSnapshot{device(1), device(2), odd}, []heartbeat.NetworkSnapshot{network(1), network(2)}, []Wait{oddWait, wait(2), wait(1)}
	for _, d := range slices.Backward(devices) { // whatever order they come in
		s.PutDevice(d)
	}
	for _, n := range slices.Backward(networks) {
		s.PutNetwork(n)
	}
	for _, w := range waits {
		s.PutWait(w)
	}
	s.close()

	s = open(t, Config{Path: path})
	same(t, "devices, the one heard of last at last", s.devices(), devices)
	same(t, "networks", s.networks(), networks)
	same(t, "waits, the youngest first", s.waits(WaitsOf{}), waits)
	if s.logs.Len() > 0 {
		t.Errorf("logged: %v", s.logs.All())
	}
}

func TestTheFileIsForOurEyesOnly(t *testing.T) {
	path := one(t)
	s := open(t, Config{Path: path})
	s.PutDevice(device(1))
	s.flush()
	for _, name := range []string{path, path + "-wal", path + "-shm"} {
		info, err := os.Stat(name)
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v, want rights 0600", name, info.Mode(), err)
		}
	}
}

func TestOddPathsAreFilesOfTheirName(t *testing.T) {
	for _, name := range []string{"a b.db", "100%25.db", "what?.db", "a#b.db", "ü&x=1.db"} {
		path := filepath.Join(t.TempDir(), name)
		s := open(t, Config{Path: path})
		s.PutDevice(device(1))
		s.close()
		if info, err := os.Stat(path); err != nil || info.Size() == 0 {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestPuttingAgainReplacesAndAnOlderRowNeverDoes(t *testing.T) {
	s := open(t, Config{Path: one(t)})
	younger, older := device(1), device(1)
	older.Seen, older.Asked = noon.Add(-time.Hour), time.Minute
	proven := wait(1)
	unproven := proven
	unproven.Proof = heartbeat.Unknown
	for _, d := range []heartbeat.DeviceSnapshot{device(1), younger, older} {
		s.PutDevice(d)
	}
	s.PutWait(unproven)
	s.PutWait(proven)
	s.flush()
	same(t, "devices", s.devices(), []heartbeat.DeviceSnapshot{younger})
	same(t, "waits", s.waits(WaitsOf{}), []Wait{proven})
}

func TestReadingGoesThroughAllPages(t *testing.T) {
	for _, path := range []string{"", one(t)} {
		s := open(t, Config{Path: path})
		const n = 2*page + 7
		for i := range n {
			d, w := device(i), network(i)
			d.Seen, w.When = noon.Add(time.Duration(i/100)*time.Second), noon // many of one age
			s.PutDevice(d)
			s.PutNetwork(w)
		}
		s.flush()
		seen := map[heartbeat.Key]bool{}
		for _, d := range s.devices() {
			seen[d.Key] = true
		}
		if len(seen) != n || len(s.networks()) != n {
			t.Errorf("%d devices and %d networks of %d", len(seen), len(s.networks()), n)
		}
		for d, err := range s.Devices(t.Context()) { // a reader may put, and stop
			s.PutDevice(d)
			if err != nil {
				t.Error(err)
			}
			break
		}
	}
}

func TestWaitsAreFoundByWhoseTheyAre(t *testing.T) {
	s := open(t, Config{})
	for i := range 70 {
		s.PutWait(wait(i))
	}
	s.flush()
	for _, c := range []struct {
		name string
		of   WaitsOf
		want int
	}{
		{"all", WaitsOf{}, 70},
		{"a user", WaitsOf{User: "user3"}, 10},
		{"a device", WaitsOf{User: "user3", Device: "DEVICE000003"}, 1},
		{"a network", WaitsOf{Network: heartbeat.Network{Name: "office", HTTP: 2}}, 35},
		{"in any version of HTTP", WaitsOf{Network: heartbeat.Network{Name: "office"}}, 70},
		{"since a time", WaitsOf{Since: noon.Add(60 * time.Second)}, 10},
		{"at most", WaitsOf{Limit: 5}, 5},
		{"nobody's", WaitsOf{User: "user3' OR '1'='1"}, 0},
	} {
		got := s.waits(c.of)
		if len(got) != c.want {
			t.Errorf("%s: %d, want %d", c.name, len(got), c.want)
		}
		if !slices.IsSortedFunc(got, func(a, b Wait) int { return b.Ended.Compare(a.Ended) }) {
			t.Errorf("%s: not the youngest first", c.name)
		}
	}
}

func TestForgettingAUserLeavesNotAByte(t *testing.T) {
	dir := t.TempDir()
	s := open(t, Config{Path: filepath.Join(dir, "state.db")})
	const secret = "somebody@example.com"
	for i := range 300 {
		d, w := device(i), wait(i)
		if i%3 == 0 {
			d.Key.Principal, w.Key.Principal = secret, secret
		}
		h := having(i)
		h.Key = d.Key
		h.State = json.RawMessage(strconv.Quote(d.Key.Principal + strings.Repeat("x", i*100))) // over several pages too
		s.PutDevice(d)
		s.PutWait(w)
		s.PutHaving(h)
	}
	s.flush()
	late := device(1000)
	late.Key.Principal = secret
	s.writing.Lock() // still in the queue when it is forgotten
	s.PutDevice(late)
	s.PutHaving(Having{Key: late.Key, Seen: noon, State: json.RawMessage(strconv.Quote(secret))})
	s.writing.Unlock()
	n, err := s.Forget(secret)
	if err != nil || n < 300 || n > 302 {
		t.Fatalf("%d rows forgotten, %v; want 300, up to 302 if the last were written already", n, err)
	}
	s.flush()
	if devices, havings := len(s.devices()), len(s.havings()); devices != 200 || havings != 200 {
		t.Errorf("%d devices and %d havings are left, want 200 of others", devices, havings)
	}
	files, _ := os.ReadDir(dir)
	for _, f := range files {
		text, err := os.ReadFile(filepath.Join(dir, f.Name()))
		if err != nil || bytes.Contains(text, []byte(secret)) {
			t.Errorf("%s still names the user (%v)", f.Name(), err)
		}
	}
	if n, err := s.Forget(secret); n != 0 || err != nil {
		t.Errorf("a second time: %d, %v", n, err)
	}
}

func TestReadsGoOnWhileManyWrite(t *testing.T) {
	for _, path := range []string{"", one(t)} {
		s := open(t, Config{Path: path, Queue: 1 << 20})
		var writers sync.WaitGroup
		const each = 100
		for n := range 4 {
			writers.Go(func() {
				for i := range each {
					s.PutDevice(device(n*each + i))
					s.PutWait(wait(n*each + i))
					s.PutNetwork(network(i % 5))
				}
			})
		}
		ended := make(chan struct{})
		var readers sync.WaitGroup
		for range 2 {
			readers.Go(func() {
				for last := 0; ; {
					found := len(s.devices())
					if found < last {
						t.Errorf("%d devices, and %d before", found, last)
					}
					last = found
					s.waits(WaitsOf{User: "user3"})
					select {
					case <-ended:
						return
					default:
					}
				}
			})
		}
		writers.Wait()
		s.flush()
		close(ended)
		readers.Wait()
		if got := len(s.devices()); got != 4*each {
			t.Errorf("%d devices, want %d", got, 4*each)
		}
		if s.failingNow() || s.logs.Len() > 0 {
			t.Errorf("logged: %v", s.logs.All())
		}
	}
}

func TestARowThatCannotBeWrittenHoldsUpNoOther(t *testing.T) {
	s := open(t, Config{Path: one(t)})
	bad := network(1)
	bad.Belief[0] = float32(math.NaN()) // no JSON
	s.PutDevice(device(1))
	s.PutNetwork(bad)
	s.PutDevice(device(2))
	s.flush()
	if len(s.devices()) != 2 || len(s.networks()) != 0 {
		t.Errorf("%d devices, %d networks", len(s.devices()), len(s.networks()))
	}
	if got := value(s.config.Metrics.refused); got != 1 {
		t.Errorf("%v refused, want 1", got)
	}
}

func TestNamesOfClientsAreCut(t *testing.T) {
	s := open(t, Config{})
	long := wait(1)
	long.Key = heartbeat.Key{Principal: strings.Repeat("u", 1<<16), Device: strings.Repeat("d", 1<<16), Type: strings.Repeat("t", 1<<16)}
	s.PutWait(long)
	s.flush()
	got := s.waits(WaitsOf{User: long.Key.Principal})
	if len(got) != 1 || len(got[0].Key.Principal)+len(got[0].Key.Device)+len(got[0].Key.Type) != 3*longestName {
		t.Errorf("%d waits found", len(got))
	}
	if n, err := s.Forget(long.Key.Principal); n != 1 || err != nil {
		t.Errorf("forgotten: %d, %v", n, err)
	}
}

func TestEveryOutcomeAndProofIsReadAsItWasWritten(t *testing.T) {
	for o := heartbeat.Outcome(0); o <= heartbeat.Drained; o++ {
		if got := outcome(o.String()); got != o {
			t.Errorf("%v is read as %v", o, got)
		}
	}
	for p := heartbeat.Unknown; p <= heartbeat.Lost; p++ {
		if got := proof(p.String()); got != p {
			t.Errorf("%v is read as %v", p, got)
		}
	}
}

func TestTheSnapshotsOfATrackerComeBack(t *testing.T) {
	path := one(t)
	tracker := heartbeat.NewTracker(heartbeat.TrackerConfig{})
	at := noon
	for _, asked := range []time.Duration{15 * time.Minute, 8 * time.Minute, 12 * time.Minute} {
		tracker.Asked(key(1), at, heartbeat.Network{Name: "office", HTTP: 1}, asked)
		at = at.Add(asked)
		tracker.Ended(key(1), at, heartbeat.Wait{Network: heartbeat.Network{Name: "office", HTTP: 1},
			Asked: asked, Given: asked, Held: asked, Outcome: heartbeat.Expired, Proof: heartbeat.Acked})
	}
	want, _ := tracker.State(key(1))
	snapshot, _ := tracker.Snapshot(key(1))
	s := open(t, Config{Path: path})
	s.PutDevice(snapshot)
	s.close()

	again := heartbeat.NewTracker(heartbeat.TrackerConfig{})
	for _, d := range open(t, Config{Path: path}).devices() {
		again.Restore(d)
	}
	got, known := again.State(key(1))
	if !known || dump(got) != dump(want) {
		t.Errorf("after a restart:\n got %s\nwant %s", dump(got), dump(want))
	}
}

func TestAStopDoesNotWaitForADiskThatHangs(t *testing.T) {
	s := open(t, Config{Path: one(t)})
	s.writing.Lock()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Close(ctx); err == nil {
		t.Error("it says that all is written")
	}
	s.writing.Unlock()
}

func TestTheTablesOfTheSchemaAreThoseOfTheCode(t *testing.T) {
	s := open(t, Config{})
	for _, table := range tables {
		var columns int
		if err := s.db.QueryRow("SELECT count(*) FROM pragma_table_info(?)", table.name).Scan(&columns); err != nil || columns != table.columns {
			t.Errorf("%s: %d columns in the schema, %d in the code (%v)", table.name, columns, table.columns, err)
		}
	}
	if reflect.TypeFor[Wait]().NumField()+reflect.TypeFor[heartbeat.Key]().NumField()+reflect.TypeFor[heartbeat.Network]().NumField()-2 != tables[waits].columns {
		t.Error("a field of Wait has no column")
	}
}
