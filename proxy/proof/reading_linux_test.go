package proof

import (
	"io"
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/diastole/diastole/heartbeat"
)

// pair is a TCP connection over the loopback.
func pair(t testing.TB) (device, ours *net.TCPConn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	d, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	o, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close(); o.Close() })
	return d.(*net.TCPConn), o.(*net.TCPConn)
}

func rawOf(t testing.TB, c *net.TCPConn) syscall.RawConn {
	t.Helper()
	raw, err := c.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// send writes bytes and waits until the other end has them all.
func send(t *testing.T, from, to *net.TCPConn, bytes int) {
	t.Helper()
	if _, err := from.Write(make([]byte, bytes)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(to, make([]byte, bytes)); err != nil {
		t.Fatal(err)
	}
}

func TestTheCountersFollowWhatIsWrittenAndAcknowledged(t *testing.T) {
	device, ours := pair(t)
	raw := rawOf(t, ours)
	before := Before(raw)
	if before.peer.String() != device.LocalAddr().String() {
		t.Errorf("the peer is %v, want %v", before.peer, device.LocalAddr())
	}
	for _, n := range []int{1, 13, 100, 5000} {
		last, _ := read(raw)
		send(t, ours, device, n)
		r, ok := read(raw)
		for ok && r.acked < r.written { // on the loopback the acknowledgement is on its way already
			r, ok = read(raw)
		}
		if !ok || r.written != last.written+uint64(n) {
			t.Fatalf("%d bytes moved the counters from %+v to %+v", n, last, r)
		}
	}
}

func TestWhatTheDeviceDoesNotTakeIsNotAcknowledged(t *testing.T) {
	_, ours := pair(t)
	raw := rawOf(t, ours)
	_ = ours.SetWriteDeadline(time.Now().Add(200 * time.Millisecond))
	n, _ := ours.Write(make([]byte, 64<<20)) // more than both buffers
	r, ok := read(raw)
	if !ok || r.written < uint64(n) || r.acked >= r.written {
		t.Errorf("%d bytes written to a device that does not read: %+v", n, r)
	}
}

func TestAConnectionThatWasUsedJustNowWasNotSilent(t *testing.T) {
	device, ours := pair(t)
	send(t, device, ours, 10)
	got := heartbeat.Unknown + 99
	w := New(Config{})
	defer w.Close()
	id := w.Watch(Answer{Conn: rawOf(t, ours), Before: Before(rawOf(t, ours)), Held: time.Hour},
		time.Now(), func(p heartbeat.Proof) { got = p })
	if got != heartbeat.Unknown || id != 0 {
		t.Errorf("a wait of an hour on a connection that spoke just now: proof %v, want unknown at once", got)
	}
}

func TestAResetLosesWhatWasNotAcknowledgedAlthoughTheQueueIsEmpty(t *testing.T) {
	device, ours := pair(t)
	raw := rawOf(t, ours)
	before := Before(raw)
	_ = ours.SetWriteDeadline(time.Now().Add(100 * time.Millisecond))
	_, _ = ours.Write(make([]byte, 64<<20))
	_ = device.SetLinger(0)
	device.Close() // with unread bytes: a reset
	_ = ours.SetReadDeadline(time.Now().Add(10 * time.Second))
	if _, err := ours.Read(make([]byte, 1)); err == nil {
		t.Fatal("no reset")
	}
	r, ok := read(raw)
	trace := trace{before: before.written}
	p, over := trace.see(r, time.Second, window)
	if !ok || !r.closed || !over || p == heartbeat.Acked || p == heartbeat.Confirmed {
		t.Errorf("after a reset: %+v, judged %v", r, p)
	}
}

// A descriptor's number is given away as soon as it is closed. The reading of a
// closed connection must not be that of the next one with its number.
func TestAClosedConnectionIsNeverReadThroughItsOldNumber(t *testing.T) {
	device, ours := pair(t)
	raw := rawOf(t, ours)
	var number uintptr
	_ = raw.Control(func(fd uintptr) { number = fd })
	ours.Close()
	device.Close()
	for range 50 { // until a new connection has the number
		d, o := pair(t)
		for _, c := range []*net.TCPConn{d, o} {
			var fd uintptr
			_ = rawOf(t, c).Control(func(n uintptr) { fd = n })
			if fd != number {
				continue
			}
			if r, ok := read(raw); ok {
				t.Fatalf("descriptor %d of a closed connection was read: %+v", number, r)
			}
			return
		}
	}
	t.Skip("another test of this process holds the number")
}

func TestWithoutASocketThereIsNoMark(t *testing.T) {
	if idle, ok := Before(nil).Idle(); ok || idle != 0 {
		t.Errorf("no connection was silent for %v", idle)
	}
	_, ours := pair(t)
	raw := rawOf(t, ours)
	ours.Close()
	if _, ok := Before(raw).Idle(); ok {
		t.Error("a closed connection gives a mark")
	}
}

func BenchmarkReading(b *testing.B) {
	_, ours := pair(b)
	raw := rawOf(b, ours)
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := read(raw); !ok {
			b.Fatal("not readable")
		}
	}
}
