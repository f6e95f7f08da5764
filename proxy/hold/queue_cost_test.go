package hold

import (
	"runtime"
	"strconv"
	"testing"
)

// A place that waits is what a burst of phones costs while the upstream is slow, one
// that is up is what every held wait costs.
func TestAPlaceCostsLessThan512BytesWaitingAnd64Up(t *testing.T) {
	const places = 20_000
	q := NewQueue(QueueConfig{Max: 1})
	all := make([]*Place, places)
	owners := make([]string, places) // one each, which is the most
	for i := range owners {
		owners[i] = strconv.Itoa(i)
	}
	start := func() {}
	before := heap()
	for i := range all {
		all[i] = q.Enter(owners[i], start)
	}
	waiting := (heap() - before) / places
	q.Configure(QueueConfig{})
	for _, n := q.Len(); n > 0; _, n = q.Len() {
		runtime.Gosched()
	}
	up := int64(heap()-before) / places
	t.Logf("%d bytes for a place that waits, %d up", waiting, up)
	if waiting >= 512 || up > 64 {
		t.Errorf("%d bytes for a place that waits, %d up", waiting, up)
	}
	runtime.KeepAlive(all)
	runtime.KeepAlive(owners)
	runtime.KeepAlive(q)
}

// heap is what is in use after everything that can go has gone.
func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
