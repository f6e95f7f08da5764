package hold

import (
	"net"
	"testing"
)

func (p *parked) fd(t testing.TB) (n uintptr) {
	t.Helper()
	if err := p.raw.Control(func(fd uintptr) { n = fd }); err != nil {
		t.Fatal(err)
	}
	return n
}

// closed closes the socket of a watched spot without leaving it, as a handler does
// that gives up on an error, and gives a new one with the same descriptor.
func closed(t testing.TB, lot *Lot, old *parked) (same *parked) {
	t.Helper()
	fd := old.fd(t)
	old.close()
	for range 100 { // the far end, or another goroutine, may take the number first
		if same = dial(t); same.fd(t) == fd {
			return same
		}
		defer same.close()
	}
	t.Fatalf("descriptor %d was not used again", fd)
	return nil
}

func TestADescriptorThatIsUsedAgainNeverSignalsTheOldSpot(t *testing.T) {
	lot := openLot(t)
	for range 300 {
		old := park(t, lot)
		old.watch(t, true)
		same := closed(t, lot, old)
		same.send(t, "x")
		same.in(t, lot)
		same.watch(t, true)
		same.want(t, Readable)
		same.rst(t)
		if len(old.signs) > 0 {
			t.Fatalf("the old spot got %v", <-old.signs)
		}
		old.spot.Leave()
		same.spot.Leave()
		same.close()
	}
	if len(lot.spots) > 3 {
		t.Errorf("the table has %d indexes for two spots at once", len(lot.spots))
	}
}

func TestTheOldSpotsLeaveDoesNotDisturbTheStrangerWithItsDescriptor(t *testing.T) {
	lot := openLot(t)
	old := park(t, lot)
	old.watch(t, true)
	same := closed(t, lot, old)
	same.in(t, lot)
	same.watch(t, true)
	old.spot.Leave()
	same.send(t, "x")
	same.want(t, Readable)
}

// A socket that lives on under another descriptor (a child between fork and exec)
// stays in the epoll after Close, and nobody can take it out any more.
func TestASocketThatLivesOnElsewhereSignalsNobody(t *testing.T) {
	lot := openLot(t)
	old := park(t, lot)
	old.watch(t, true)
	twin, err := old.near.File()
	if err != nil {
		t.Fatal(err)
	}
	defer twin.Close()
	if err := old.near.Close(); err != nil {
		t.Fatal(err)
	}
	old.spot.Leave()
	next := park(t, lot)
	next.watch(t, true)
	if next.spot.index != old.spot.index {
		t.Fatalf("index %d, want the old %d", next.spot.index, old.spot.index)
	}
	conn, err := net.FileConn(twin)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if old.raw, err = conn.(*net.TCPConn).SyscallConn(); err != nil {
		t.Fatal(err)
	}
	old.send(t, "x")
	next.quiet(t, lot)
	old.quiet(t, lot)
	next.send(t, "x")
	next.want(t, Readable)
}
