package upstream

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// wire is a server that is not a kernel: it writes each segment by hand into a TUN
// device, so that a test decides what is acknowledged, and when.
type wire struct {
	t      *testing.T
	tun    *os.File
	from   uint16 // the client's port
	seq    uint32 // our next byte
	got    uint32 // up to here the client has been acknowledged
	newest segment
}

type segment struct {
	flags    byte
	seq, ack uint32
	data     string
}

const (
	fin = 1
	syn = 2
	rst = 4
	ack = 16
)

var (
	clientIP = [4]byte{10, 77, 0, 1}
	wireIP   = [4]byte{10, 77, 0, 2}
)

const wireAddress = "10.77.0.2:80"

// newWire makes a network namespace with a TUN device in it and dials through it.
// Only root can; where root runs the tests for good (CI=true) it has to work.
func newWire(t *testing.T) (*wire, *conn) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root: a network namespace and a TUN device")
	}
	type made struct {
		tun  *os.File
		conn *conn
		err  error
	}
	w, result := &wire{t: t, seq: 1000}, make(chan made)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread dies with its namespace
		tun, err := namespace()
		if err != nil {
			result <- made{err: err}
			return
		}
		w.tun = tun
		shaken := make(chan bool)
		go func() { w.handshake(); close(shaken) }()
		c, failed := New(Config{Address: wireAddress}).dial(context.Background())
		if failed != nil {
			tun.Close()
			err = failed
		}
		<-shaken
		result <- made{tun, c, err}
	}()
	m := <-result
	if m.err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(m.err)
		}
		t.Skip(m.err)
	}
	t.Cleanup(func() { m.conn.reset(); m.tun.Close() })
	return w, m.conn
}

// namespace moves this thread into a network of its own.
func namespace() (*os.File, error) {
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		return nil, err
	}
	fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	device, err := unix.NewIfreq("wire")
	if err != nil {
		return nil, err
	}
	device.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
	if err := unix.IoctlIfreq(fd, unix.TUNSETIFF, device); err != nil {
		unix.Close(fd)
		return nil, err
	}
	return os.NewFile(uintptr(fd), "tun"), configure()
}

func configure() error {
	s, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(s)
	set := func(what uint, fill func(*unix.Ifreq)) error {
		r, err := unix.NewIfreq("wire")
		if err != nil {
			return err
		}
		fill(r)
		return unix.IoctlIfreq(s, what, r)
	}
	return errors.Join(
		set(unix.SIOCSIFADDR, func(r *unix.Ifreq) { _ = r.SetInet4Addr(clientIP[:]) }),
		set(unix.SIOCSIFNETMASK, func(r *unix.Ifreq) { _ = r.SetInet4Addr([]byte{255, 255, 255, 0}) }),
		set(unix.SIOCSIFFLAGS, func(r *unix.Ifreq) { r.SetUint16(unix.IFF_UP | unix.IFF_RUNNING) }),
	)
}

// read returns the client's next segment that w.want accepts.
func (w *wire) read(want func(segment) bool) segment {
	b := make([]byte, 65536)
	w.tun.SetReadDeadline(time.Now().Add(30 * time.Second))
	for {
		n, err := w.tun.Read(b)
		if err != nil {
			w.t.Errorf("no such segment came: %v", err)
			return segment{}
		}
		p := b[:n]
		if n < 40 || p[0]>>4 != 4 || p[9] != unix.IPPROTO_TCP {
			continue
		}
		tcp := p[int(p[0]&15)*4:]
		w.from = binary.BigEndian.Uint16(tcp)
		w.newest = segment{
			flags: tcp[13], seq: binary.BigEndian.Uint32(tcp[4:]), ack: binary.BigEndian.Uint32(tcp[8:]),
			data: string(tcp[int(tcp[12]>>4)*4:]),
		}
		if want(w.newest) {
			return w.newest
		}
	}
}

func (w *wire) readData() segment { return w.read(func(s segment) bool { return s.data != "" }) }

// send writes one segment that acknowledges up to w.got plus more.
func (w *wire) send(flags byte, more int, options, data string) {
	tcp := make([]byte, 20, 60+len(data))
	binary.BigEndian.PutUint16(tcp, 80)
	binary.BigEndian.PutUint16(tcp[2:], w.from)
	binary.BigEndian.PutUint32(tcp[4:], w.seq)
	if flags&ack != 0 {
		binary.BigEndian.PutUint32(tcp[8:], w.got+uint32(more))
	}
	tcp[12], tcp[13] = byte(20+len(options))/4<<4, flags
	binary.BigEndian.PutUint16(tcp[14:], 60000)
	tcp = append(append(tcp, options...), data...)
	pseudo := append(append([]byte{}, wireIP[:]...), clientIP[:]...)
	pseudo = append(pseudo, 0, unix.IPPROTO_TCP, byte(len(tcp)>>8), byte(len(tcp)))
	binary.BigEndian.PutUint16(tcp[16:], checksum(append(pseudo, tcp...)))

	ip := []byte{0x45, 0, 0, 0, 0, 0, 0, 0, 64, unix.IPPROTO_TCP, 0, 0}
	ip = append(append(ip, wireIP[:]...), clientIP[:]...)
	binary.BigEndian.PutUint16(ip[2:], uint16(len(ip)+len(tcp)))
	binary.BigEndian.PutUint16(ip[10:], checksum(ip))
	if _, err := w.tun.Write(append(ip, tcp...)); err != nil {
		w.t.Error(err)
	}
	w.seq += uint32(len(data))
	if flags&(syn|fin) != 0 {
		w.seq++
	}
}

func checksum(b []byte) uint16 {
	var sum uint32
	for i := 0; i < len(b); i += 2 {
		sum += uint32(b[i]) << 8
		if i+1 < len(b) {
			sum += uint32(b[i+1])
		}
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return ^uint16(sum)
}

func (w *wire) handshake() {
	s := w.read(func(s segment) bool { return s.flags == syn })
	w.got = s.seq + 1
	w.send(syn|ack, 0, "\x02\x04\x01\xf4"+"\x04\x02\x00\x00", "") // segments of 500 bytes, SACK
	w.read(func(s segment) bool { return s.flags == ack })
}

// firstExchange makes c a kept connection.
func (w *wire) firstExchange(c *conn) {
	c.home = func(*conn) {}
	answered := make(chan bool)
	go func() {
		defer close(answered)
		s := w.readData()
		w.got += uint32(len(s.data))
		w.send(ack, 0, "", strings.ReplaceAll(ok, "\n", "\r\n"))
	}()
	x, err := c.exchange(context.Background(), get())
	<-answered
	if err != nil {
		w.t.Fatal(err)
	}
	finish(w.t, x)
}

// TestProofAgainstEachSegment: which ends of a connection prove that a request was
// not taken. total is the length of the request's first segment.
func TestProofAgainstEachSegment(t *testing.T) {
	for name, c := range map[string]struct {
		end    func(w *wire, total int)
		proven bool
	}{
		"FIN on its way before": {func(w *wire, _ int) { w.send(fin|ack, 0, "", "") }, true},
		"FIN on its way before, then RST to the request": {func(w *wire, total int) {
			w.send(fin|ack, 0, "", "")
			w.seq = w.newest.ack
			w.send(rst, 0, "", "")
		}, true},
		"FIN that has seen the request": {func(w *wire, total int) { w.send(fin|ack, total, "", "") }, false},
		"FIN that has seen a part":      {func(w *wire, total int) { w.send(fin|ack, total/2, "", "") }, false},
		"FIN, the request only out of order": {func(w *wire, total int) {
			next := w.got + uint32(total)
			sack := binary.BigEndian.AppendUint32([]byte("\x01\x01\x05\x0a"), next)
			w.send(fin|ack, 0, string(binary.BigEndian.AppendUint32(sack, next+500)), "")
		}, true},
		"RST that acknowledges the request, as of a server that has acted and died": {func(w *wire, total int) { w.send(rst|ack, total, "", "") }, false},
		"RST that acknowledges nothing, as of a firewall":                           {func(w *wire, _ int) { w.send(rst|ack, 0, "", "") }, false},
		"RST of a kernel that knows no such connection": {func(w *wire, _ int) {
			w.seq = w.newest.ack
			w.send(rst, 0, "", "")
		}, false},
		"acknowledgement, then RST": {func(w *wire, total int) {
			w.send(ack, total, "", "")
			w.send(rst|ack, total, "", "")
		}, false},
		"RST that has overtaken the acknowledgement": {func(w *wire, total int) {
			w.send(rst|ack, total, "", "")
			w.send(ack, total, "", "")
		}, false},
		"silence, or a way back that loses everything": {func(*wire, int) {}, false},
	} {
		t.Run(name, func(t *testing.T) {
			w, kept := newWire(t)
			w.firstExchange(kept)
			giveUpSoon(t, kept)
			ended := make(chan bool)
			go func() {
				defer close(ended)
				s := w.readData()
				c.end(w, len(s.data))
			}()
			_, err := kept.exchange(context.Background(), post(strings.Repeat("x", 900)))
			<-ended
			if err == nil || !err.Stale() || err.untaken != c.proven {
				t.Errorf("%v, proven: %v, want %v", err, err != nil && err.untaken, c.proven)
			}
		})
	}
}

// giveUpSoon makes ETIMEDOUT come at the first repetition, not after a quarter of
// an hour.
func giveUpSoon(t *testing.T, c *conn) {
	t.Helper()
	raw, err := c.socket.(*net.TCPConn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	_ = raw.Control(func(fd uintptr) {
		err = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, 1)
	})
	if err != nil {
		t.Fatal(err)
	}
}
