package store

import (
	"testing"
	"time"
)

func TestWhatIsTooOldOrTooMuchGoesOldestFirst(t *testing.T) {
	for _, path := range []string{"", one(t)} {
		now := time.Now()
		s := open(t, Config{Path: path, Queue: 1 << 20, Waits: Keep{Rows: 700, For: time.Hour}, Devices: Keep{For: time.Hour}, Networks: Keep{Rows: 3}})
		const n = pruneAtOnce + 1000
		for i := range n { // the first 500 are too old
			age := time.Duration(n-i) * time.Millisecond
			if i < 500 {
				age += time.Hour
			}
			w, d := wait(i), device(i)
			w.Ended, d.Seen = now.Add(-age), now.Add(-age)
			s.PutWait(w)
			if i < 800 {
				s.PutDevice(d)
			}
		}
		for i := range 10 {
			x := network(i)
			x.When = now.Add(time.Duration(i) * time.Second)
			s.PutNetwork(x)
		}
		s.flush()
		for table, left := range map[string]float64{"waits": 700, "devices": 300, "networks": 3} {
			s.until(table+" are pruned", func() bool { return value(s.config.Metrics.rows.WithLabelValues(table)) == left })
		}
		if deleted := value(s.config.Metrics.deleted.WithLabelValues("waits")); deleted != n-700 {
			t.Errorf("%v waits deleted, want %v", deleted, n-700)
		}
		found := s.waits(WaitsOf{Limit: n})
		if len(found) != 700 || found[699].Key != key(n-700) {
			t.Errorf("%d waits are kept, down to %v, want %v", len(found), found[len(found)-1].Key, key(n-700))
		}
		if devices, networks := s.devices(), s.networks(); len(devices) != 300 || len(networks) != 3 || networks[2].Network != network(9).Network {
			t.Errorf("%d devices, %d networks", len(devices), len(networks))
		}
	}
}

func TestAFullQueueDropsTheOldestAndCountsIt(t *testing.T) {
	s := open(t, Config{Queue: 10})
	s.writing.Lock() // a disk that takes its time
	for i := range 25 {
		s.PutDevice(device(i))
	}
	s.writing.Unlock()
	s.flush()
	got := s.devices()
	if len(got) != 10 || got[0].Key != key(15) || got[9].Key != key(24) {
		t.Errorf("%d are kept, from %v", len(got), got[0].Key)
	}
	if dropped := value(s.config.Metrics.dropped); dropped != 15 {
		t.Errorf("%v dropped, want 15", dropped)
	}
}

func TestRowsDroppedWhileABatchIsWrittenAreNotTakenOutTwice(t *testing.T) {
	dropped := 0
	q := queue{limit: 4, dropped: func() { dropped++ }}
	for i := range 4 {
		q.put(deviceRow(device(i)))
	}
	batch, upto := q.peek(3)
	q.put(deviceRow(device(4))) // pushes out 0
	q.put(deviceRow(device(5))) // and 1
	q.done(upto)
	rest, _ := q.peek(10)
	if len(batch) != 3 || dropped != 2 || len(rest) != 3 || rest[0].(deviceRow).Key != key(3) {
		t.Errorf("batch %d, dropped %d, rest %d", len(batch), dropped, len(rest))
	}
}

func BenchmarkPut(b *testing.B) {
	s, err := Open(Config{})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close(b.Context())
	w := wait(1)
	b.ReportAllocs()
	for b.Loop() {
		s.PutWait(w)
	}
}
