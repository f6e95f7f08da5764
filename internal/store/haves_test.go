package store

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/diastole/diastole/heartbeat"
)

func TestWhatADeviceHasIsThereAfterARestartAsItWasPutLast(t *testing.T) {
	path := one(t)
	s := open(t, Config{Path: path})
	odd := Having{Key: heartbeat.Key{Principal: "DOMAIN\\j\xf6rg'; --", Device: "\x00\xff\xfe\x80", Type: "ty\npe"}, Seen: noon, State: json.RawMessage(`{"é":"\u0000"}`)}
	s.PutHaving(having(7))
	s.PutHaving(having(9))
	s.PutHaving(odd)
	for i := range 3 {
		again := having(7)
		again.State = json.RawMessage([]string{`1`, `2`, `3`}[i])
		again.Seen = again.Seen.Add(time.Duration(i) * time.Minute)
		s.PutHaving(again)
	}
	late := having(9) // of another start, written after the younger one
	late.Seen, late.State = noon, json.RawMessage(`"old"`)
	s.PutHaving(late)
	s.close()

	s = open(t, Config{Path: path})
	want := having(7)
	want.Seen, want.State = want.Seen.Add(2*time.Minute), json.RawMessage(`3`)
	same(t, "havings, the one that changed last at last", s.havings(), []Having{odd, having(9), want})
}

func TestMoreHavingsThanAPageAreReadInTheirOrder(t *testing.T) {
	s := open(t, Config{})
	const n = 2*page + 50
	for i := range n {
		s.PutHaving(having(i))
	}
	s.flush()
	got := s.havings()
	if len(got) != n || !slices.IsSortedFunc(got, func(a, b Having) int { return a.Seen.Compare(b.Seen) }) {
		t.Errorf("%d havings, or out of order", len(got))
	}
}

func TestAHavingThatIsTooLongTakesTheOneBeforeWithIt(t *testing.T) {
	s := open(t, Config{Path: one(t)})
	fits := having(1)
	fits.State = json.RawMessage(`"` + strings.Repeat("x", longestState-2) + `"`)
	s.PutHaving(fits)
	s.PutHaving(having(2))
	s.flush()
	if got := s.havings(); len(got) != 2 || len(got[0].State) != longestState {
		t.Fatalf("%d havings", len(got))
	}
	fits.State = json.RawMessage(`"` + strings.Repeat("x", longestState-1) + `"`)
	s.PutHaving(fits)
	s.flush()
	same(t, "what is left", s.havings(), []Having{having(2)})
	if n := value(s.config.Metrics.refused); n != 1 {
		t.Errorf("%v refused, want 1", n)
	}
	s.PutHaving(having(1))
	s.flush()
	same(t, "once it fits again", s.havings(), []Having{having(1), having(2)})
}

func TestADeviceWhoseNamesWouldBeCutLeavesNothing(t *testing.T) {
	s := open(t, Config{})
	long, fits := strings.Repeat("n", longestName+1), strings.Repeat("n", longestName)
	for _, k := range []heartbeat.Key{{Principal: long}, {Principal: "u", Device: long}, {Principal: "u", Type: long}} {
		s.PutHaving(Having{Key: k, Seen: noon, State: json.RawMessage(`{}`)})
	}
	kept := Having{Key: heartbeat.Key{Principal: fits, Device: fits, Type: fits}, Seen: noon, State: json.RawMessage(`{}`)}
	s.PutHaving(kept)
	s.flush()
	same(t, "havings", s.havings(), []Having{kept})
	if n := value(s.config.Metrics.refused); n != 3 {
		t.Errorf("%v refused, want 3", n)
	}
	if n, err := s.Forget(fits); n != 1 || err != nil {
		t.Errorf("forgotten: %d, %v", n, err)
	}
}

func TestHavingsThatAreTooOldOrTooManyGoOldestFirst(t *testing.T) {
	s := open(t, Config{Path: one(t), Queue: 1 << 16, Havings: Keep{Rows: 40, For: time.Hour}})
	now := time.Now()
	for i := range 100 { // the first 30 are too old
		h := having(i)
		h.Seen = now.Add(time.Duration(i) * time.Second)
		if i < 30 {
			h.Seen = h.Seen.Add(-2 * time.Hour)
		}
		s.PutHaving(h)
	}
	s.flush()
	s.until("the havings are pruned", func() bool { return value(s.config.Metrics.rows.WithLabelValues("haves")) == 40 })
	if got := s.havings(); len(got) != 40 || got[0].Key != key(60) {
		t.Errorf("%d are kept, from %v", len(got), got[0].Key)
	}
	if n := value(s.config.Metrics.deleted.WithLabelValues("haves")); n != 60 {
		t.Errorf("%v deleted, want 60", n)
	}
}

// What devices have is the only thing that a client can make large.
func TestWhereAllRowsTakeTooMuchTheOldestHavingsMakeRoom(t *testing.T) {
	const limit = 2 << 20
	s := open(t, Config{Path: one(t), Queue: 1 << 16, Size: limit, Havings: Keep{For: 1 << 62}, Devices: Keep{For: 1 << 62}})
	for i := range 100 {
		s.PutDevice(device(i))
	}
	large := json.RawMessage(`"` + strings.Repeat("x", 4<<10) + `"`)
	const n = 15 * roomAtOnce // some 6 MiB
	for i := range n {
		h := having(i)
		h.State = large
		s.PutHaving(h)
	}
	s.flush()
	s.until("there is room again", func() bool {
		used, err := s.current().used()
		return err == nil && used <= limit
	})
	if got := len(s.devices()); got != 100 {
		t.Errorf("%d devices are left", got)
	}
	for i := range 100 {
		h := having(n + i)
		s.PutHaving(h)
	}
	s.flush()
	got := s.havings()
	if len(got) < 100 || got[len(got)-1].Key != key(n+99) {
		t.Errorf("%d havings are left, and not the last", len(got))
	}
}
