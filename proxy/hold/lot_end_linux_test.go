package hold

import (
	"errors"
	"net"
	"os"
	"strings"
	"testing"

	"go.uber.org/goleak"
	"golang.org/x/sys/unix"
)

func TestClosingALotWithSpotsLeavesNothing(t *testing.T) {
	before, running := descriptors(t), goleak.IgnoreCurrent()
	lot, err := OpenLot()
	if err != nil {
		t.Fatal(err)
	}
	var all []*parked
	for i := range 50 {
		p := park(t, lot)
		if i%2 == 0 {
			p.watch(t, true)
		}
		all = append(all, p)
	}
	if err := lot.Close(); err != nil {
		t.Error(err)
	}
	goleak.VerifyNone(t, running)
	if err := lot.Close(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("second Close: %v", err)
	}
	for _, p := range all {
		p.send(t, "x")
		if err := p.spot.Watch(true); !errors.Is(err, os.ErrClosed) {
			t.Errorf("Watch in a closed lot: %v", err)
		}
		p.spot.Leave()
		p.close()
		if len(p.signs) > 0 {
			t.Error("a sign after Close")
		}
	}
	if after := descriptors(t); after != before {
		t.Errorf("%d descriptors, %d before", after, before)
	}
	if _, err := lot.Park(dial(t).raw, func(Sign) {}); !errors.Is(err, os.ErrClosed) {
		t.Errorf("Park in a closed lot: %v", err)
	}
}

// The goroutine may have a batch of events in hand when Close comes.
func TestAnEventInHandIsToldToNobodyAfterClose(t *testing.T) {
	lot := openLot(t)
	p := park(t, lot)
	p.watch(t, true)
	if err := lot.Close(); err != nil {
		t.Error(err)
	}
	if lot.due(unix.EpollEvent{Events: unix.EPOLLIN, Fd: p.spot.index, Pad: int32(p.spot.watch)}) != nil {
		t.Error("it is told")
	}
}

func TestCloseWaitsForTheHeardThatRuns(t *testing.T) {
	lot := openLot(t)
	p := dial(t)
	running, on := make(chan struct{}), make(chan struct{})
	ended := false
	spot, err := lot.Park(p.raw, func(Sign) { close(running); <-on; ended = true })
	if err != nil {
		t.Fatal(err)
	}
	p.send(t, "x")
	if err := spot.Watch(true); err != nil {
		t.Fatal(err)
	}
	<-running
	go close(on)
	if err := lot.Close(); err != nil {
		t.Error(err)
	}
	if !ended {
		t.Error("Close returned while heard ran")
	}
}

func TestAClosedSocketIsRefused(t *testing.T) {
	lot := openLot(t)
	p := park(t, lot)
	p.close()
	if err := p.spot.Watch(true); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Watch: %v", err)
	}
	if _, err := lot.Park(p.raw, func(Sign) {}); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Park: %v", err)
	}
}

func TestASpotThatLeftCannotWatch(t *testing.T) {
	p := park(t, openLot(t))
	p.spot.Leave()
	if err := p.spot.Watch(true); !errors.Is(err, errLeft) {
		t.Errorf("Watch: %v", err)
	}
}

func TestASecondSpotOfOneSocketIsRefusedUntilTheFirstLeaves(t *testing.T) {
	lot := openLot(t)
	p := park(t, lot)
	p.watch(t, true)
	first := p.spot
	p.in(t, lot)
	if err := p.spot.Watch(true); !errors.Is(err, unix.EEXIST) {
		t.Errorf("Watch on the second: %v", err)
	}
	first.Leave()
	p.watch(t, true)
	p.send(t, "x")
	p.want(t, Readable)
}

// A regular file cannot be watched; the error says what was asked and of whom.
func TestWhatCannotBeWatchedIsAnError(t *testing.T) {
	file, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	raw, err := file.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	spot, err := openLot(t).Park(raw, func(Sign) {})
	if err != nil {
		t.Fatal(err)
	}
	err = spot.Watch(true)
	if !errors.Is(err, unix.EPERM) || !strings.Contains(err.Error(), "watching a socket: epoll_ctl") {
		t.Errorf("Watch: %v", err)
	}
}

// descriptors are the open descriptors of this process.
func descriptors(t testing.TB) int {
	t.Helper()
	all, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(all)
}
