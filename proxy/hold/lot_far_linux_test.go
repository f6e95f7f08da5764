package hold

import (
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func (p *parked) send(t testing.TB, text string) {
	t.Helper()
	if _, err := p.far.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	p.arrived(t, unix.POLLIN)
}

func (p *parked) fin(t testing.TB) {
	t.Helper()
	if err := p.far.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	p.arrived(t, unix.POLLRDHUP)
}

func (p *parked) rst(t testing.TB) {
	t.Helper()
	if err := p.far.SetLinger(0); err != nil {
		t.Fatal(err)
	}
	if err := p.far.Close(); err != nil {
		t.Fatal(err)
	}
	p.arrived(t, unix.POLLERR)
}

// arrived waits until the near socket has it: the network is not the Lot's business.
func (p *parked) arrived(t testing.TB, event int16) {
	t.Helper()
	err := p.raw.Control(func(fd uintptr) {
		for end := time.Now().Add(patience); time.Now().Before(end); {
			poll := []unix.PollFd{{Fd: int32(fd), Events: event}}
			_, _ = unix.Poll(poll, int(patience.Milliseconds()))
			if poll[0].Revents&event != 0 {
				return
			}
		}
		t.Errorf("event %#x never arrived", event)
	})
	if err != nil {
		t.Fatal(err)
	}
}
