package hold

import (
	"io"
	"testing"

	"golang.org/x/sys/unix"
)

func TestASecondWatchReplacesTheFirst(t *testing.T) {
	lot := openLot(t)
	p := park(t, lot)
	p.watch(t, true)
	p.watch(t, false)
	p.send(t, "x")
	p.quiet(t, lot)
	p.fin(t)
	p.want(t, Left)
}

// What the kernel gave before a Watch, and the goroutine has yet to hand over, is no
// sign of that Watch. The event is made by hand: the moment is hard to meet.
func TestAnEventFromBeforeIsNoSignOfALaterWatch(t *testing.T) {
	lot := openLot(t)
	p := park(t, lot)
	p.watch(t, true)
	old := unix.EpollEvent{Events: unix.EPOLLIN, Fd: p.spot.index, Pad: int32(p.spot.watch)}
	p.watch(t, false)
	if lot.due(old) != nil {
		t.Error("it is taken for a sign of the second Watch")
	}
	p.spot.Leave()
	if lot.due(old) != nil {
		t.Error("it is told to a spot that left")
	}
	next := park(t, lot)
	next.watch(t, true)
	if next.spot.index != old.Fd {
		t.Errorf("index %d, want %d: a freed one is used again", next.spot.index, old.Fd)
	}
	if lot.due(old) != nil {
		t.Error("it is told to a stranger")
	}
	old.Pad = int32(next.spot.watch)
	if lot.due(old) == nil || lot.due(old) != nil {
		t.Error("an event of the latest Watch is not told exactly once")
	}
}

func TestHeardMayWatchAndLeave(t *testing.T) {
	lot := openLot(t)
	p := dial(t)
	const times = 5
	heard := 0
	spot, err := lot.Park(p.raw, func(s Sign) {
		if heard++; heard < times {
			if err := p.spot.Watch(true); err != nil {
				t.Error(err)
			}
			return
		}
		p.spot.Leave()
		p.signs <- s
	})
	if err != nil {
		t.Fatal(err)
	}
	p.spot = spot
	p.send(t, "x")
	p.watch(t, true)
	p.want(t, Readable)
	p.quiet(t, lot)
	if heard != times {
		t.Errorf("heard %d times, want %d", heard, times)
	}
}

func TestASocketThatIsBeingReadWorksBesideItsSpot(t *testing.T) {
	p := park(t, openLot(t))
	p.watch(t, false)
	read := make(chan string)
	go func() {
		defer close(read)
		for buf := make([]byte, 1); ; {
			if _, err := io.ReadFull(p.near, buf); err != nil {
				return
			}
			read <- string(buf)
		}
	}()
	for _, text := range []string{"a", "b"} {
		if _, err := p.far.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
		if got := <-read; got != text {
			t.Errorf("read %q, want %q", got, text)
		}
	}
	if err := p.far.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	p.want(t, Left)
	if got, open := <-read; open {
		t.Errorf("read %q after FIN", got)
	}
}
