package hold

import (
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

func TestASpotTellsWhatItsSocketGave(t *testing.T) {
	for _, c := range []struct {
		name     string
		readable bool
		happens  func(t testing.TB, p *parked)
		want     Sign
	}{
		{"bytes", true, func(t testing.TB, p *parked) { p.send(t, "x") }, Readable},
		{"FIN", true, func(t testing.TB, p *parked) { p.fin(t) }, Left},
		{"FIN while only the end is watched", false, func(t testing.TB, p *parked) { p.fin(t) }, Left},
		{"FIN behind unread bytes while only the end is watched", false,
			func(t testing.TB, p *parked) { p.send(t, "x"); p.fin(t) }, Left},
		{"FIN from both sides", false,
			func(t testing.TB, p *parked) { _ = p.near.CloseWrite(); p.fin(t) }, Left},
		{"RST", true, func(t testing.TB, p *parked) { p.rst(t) }, Reset},
		{"RST while only the end is watched", false, func(t testing.TB, p *parked) { p.rst(t) }, Reset},
		{"RST behind unread bytes", false, func(t testing.TB, p *parked) { p.send(t, "x"); p.rst(t) }, Reset},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := park(t, openLot(t))
			p.watch(t, c.readable)
			c.happens(t, p)
			p.want(t, c.want)
		})
		t.Run(c.name+", before Watch", func(t *testing.T) {
			p := park(t, openLot(t))
			c.happens(t, p)
			p.watch(t, c.readable)
			p.want(t, c.want)
		})
		t.Run(c.name+", while nothing is watched", func(t *testing.T) {
			lot := openLot(t)
			p := park(t, lot)
			c.happens(t, p)
			p.quiet(t, lot)
		})
		t.Run(c.name+", after Leave", func(t *testing.T) {
			lot := openLot(t)
			p := park(t, lot)
			p.watch(t, c.readable)
			p.spot.Leave()
			p.spot.Leave()
			c.happens(t, p)
			p.quiet(t, lot)
		})
	}
}

func TestBytesGiveNoSignWhileOnlyTheEndIsWatched(t *testing.T) {
	lot := openLot(t)
	p := park(t, lot)
	p.watch(t, false)
	p.send(t, "x")
	p.quiet(t, lot)
	p.watch(t, true)
	p.want(t, Readable)
}

func TestAfterOneSignTheSpotIsSilentUntilTheNextWatch(t *testing.T) {
	lot := openLot(t)
	p := park(t, lot)
	p.watch(t, true)
	p.send(t, "x")
	p.want(t, Readable)
	if n, _ := unix.EpollWait(lot.fd, make([]unix.EpollEvent, 1), 0); n != 0 {
		t.Error("the kernel tells it again and again")
	}
	p.send(t, "y")
	p.fin(t)
	p.rst(t)
	p.quiet(t, lot)
	p.watch(t, true)
	p.want(t, Reset)
}

// A pipe hangs up without a FIN, as a TCP socket does that never was connected.
func TestWhatHangsUpHasLeft(t *testing.T) {
	near, far, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer near.Close()
	p := &parked{signs: make(chan Sign, 1)}
	if p.raw, err = near.SyscallConn(); err != nil {
		t.Fatal(err)
	}
	p.in(t, openLot(t))
	p.watch(t, true)
	if err := far.Close(); err != nil {
		t.Fatal(err)
	}
	p.want(t, Left)
}
