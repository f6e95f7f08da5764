package hold

import (
	"runtime"
	"testing"
)

// Memory is what this room is for. A spot's 150 bytes are with its place in the
// table and a closure for heard, beside 9 KiB that a held TLS wait may cost.
func TestASpotCostsLessThan150Bytes(t *testing.T) {
	const spots = 20_000
	lot, p := openLot(t), dial(t)
	all := make([]*Spot, spots)
	before := heap()
	for i := range all {
		spot, err := lot.Park(p.raw, func(Sign) { all[i].Leave() })
		if err != nil {
			t.Fatal(err)
		}
		all[i] = spot
	}
	full := heap() - before
	for _, spot := range all {
		spot.Leave()
	}
	t.Logf("%d bytes per spot", full/spots)
	if full/spots >= 150 {
		t.Errorf("%d bytes per spot", full/spots)
	}
	clear(all)
	if left := int64(heap()) - int64(before); left > 20*spots {
		t.Errorf("%d bytes are left per spot that was", left/spots)
	}
	runtime.KeepAlive(lot)
	runtime.KeepAlive(all)
}

// BenchmarkWatch is one Watch and its sign, the socket being readable.
func BenchmarkWatch(b *testing.B) {
	lot, p := openLot(b), dial(b)
	p.send(b, "x")
	n, done := 0, make(chan struct{})
	spot, err := lot.Park(p.raw, func(Sign) {
		if n++; n == b.N {
			done <- struct{}{}
		} else if err := p.spot.Watch(true); err != nil {
			b.Error(err)
		}
	})
	if err != nil {
		b.Fatal(err)
	}
	p.spot = spot
	b.ReportAllocs()
	b.ResetTimer()
	p.watch(b, true)
	<-done
}

// BenchmarkPark is the whole stay of a socket to which nothing happens.
func BenchmarkPark(b *testing.B) {
	lot, p := openLot(b), dial(b)
	b.ReportAllocs()
	for b.Loop() {
		spot, err := lot.Park(p.raw, func(Sign) {})
		if err != nil {
			b.Fatal(err)
		}
		if err := spot.Watch(true); err != nil {
			b.Fatal(err)
		}
		spot.Leave()
	}
}
