package hold

import (
	"net"
	"syscall"
	"testing"
	"time"
)

// patience bounds what must happen. Nothing in the tests waits for it to pass.
const patience = 30 * time.Second

// A parked is a TCP connection over loopback, its near end in a Lot.
type parked struct {
	near, far *net.TCPConn
	raw       syscall.RawConn // of near
	spot      *Spot
	signs     chan Sign
}

func openLot(t testing.TB) *Lot {
	t.Helper()
	lot, err := OpenLot()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = lot.Close() })
	return lot
}

// dial gives a connection that is not parked.
func dial(t testing.TB) *parked {
	t.Helper()
	l, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	p := connect(t, l)
	t.Cleanup(p.close)
	return p
}

func connect(t testing.TB, l *net.TCPListener) *parked {
	t.Helper()
	far, err := net.DialTCP("tcp4", nil, l.Addr().(*net.TCPAddr))
	if err != nil {
		t.Fatal(err)
	}
	near, err := l.AcceptTCP()
	if err != nil {
		t.Fatal(err)
	}
	raw, err := near.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	return &parked{near: near, far: far, raw: raw, signs: make(chan Sign, 8)}
}

// close leaves no TIME_WAIT behind: thousands of them would use up the ports.
func (p *parked) close() {
	_ = p.near.SetLinger(0)
	_ = p.near.Close()
	_ = p.far.SetLinger(0)
	_ = p.far.Close()
}

func park(t testing.TB, lot *Lot) *parked {
	t.Helper()
	p := dial(t)
	p.in(t, lot)
	return p
}

func (p *parked) in(t testing.TB, lot *Lot) {
	t.Helper()
	spot, err := lot.Park(p.raw, func(s Sign) { p.signs <- s })
	if err != nil {
		t.Fatal(err)
	}
	p.spot = spot
}

func (p *parked) watch(t testing.TB, readable bool) {
	t.Helper()
	if err := p.spot.Watch(readable); err != nil {
		t.Fatal(err)
	}
}

func (p *parked) want(t testing.TB, sign Sign) {
	t.Helper()
	select {
	case got := <-p.signs:
		if got != sign {
			t.Errorf("sign %v, want %v", got, sign)
		}
	case <-time.After(patience):
		t.Fatalf("no sign, want %v", sign)
	}
}

// quiet says that no sign is on its way. The kernel queues events in order and the
// Lot hands them over in order, so one that comes after all of them proves it.
func (p *parked) quiet(t testing.TB, lot *Lot) {
	t.Helper()
	fence(t, lot)
	select {
	case got := <-p.signs:
		t.Errorf("sign %v, want none", got)
	default:
	}
}

func fence(t testing.TB, lot *Lot) {
	t.Helper()
	last := park(t, lot)
	last.send(t, "x")
	last.watch(t, true)
	last.want(t, Readable)
	last.spot.Leave()
	last.close()
}
