package edge

import (
	"context"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// handed is a listener as a service manager hands it over: a descriptor with a name.
func handed(t *testing.T, l interface{ File() (*os.File, error) }, name string) *os.File {
	t.Helper()
	f, err := l.File()
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	fd, err := unix.Dup(int(f.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	given := os.NewFile(uintptr(fd), name)
	t.Cleanup(func() { given.Close() })
	return given
}

// port is a listener on a free port, as a socket unit opens it.
func port(t *testing.T) *net.TCPListener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l.(*net.TCPListener)
}

func given(t *testing.T, files ...*os.File) *Sockets {
	t.Helper()
	s, err := named(files)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestASocketThatWasHandedOverIsUsedAndItsConnectionsAreSilent(t *testing.T) {
	unit, accepted := port(t), make(chan net.Conn, 1)
	l := start(t, func(cfg *Config) {
		cfg.Listen, cfg.Sockets = unit.Addr().String(), given(t, handed(t, unit, SocketPhones))
		cfg.ConnContext = func(ctx context.Context, c net.Conn) context.Context { accepted <- c; return ctx }
	})
	if _, err := l.shake(l.dial(), "http/1.1"); err != nil {
		t.Fatal(err)
	}
	raw, err := (<-accepted).(interface{ NetConn() net.Conn }).NetConn().(syscall.Conn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	value := -1
	if err := raw.Control(func(fd uintptr) { value, err = unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_KEEPALIVE) }); err != nil {
		t.Fatal(err)
	}
	if err != nil || value != 0 {
		t.Errorf("SO_KEEPALIVE is %d (%v), want 0", value, err)
	}
}

// The socket is the unit's: who connects when we have gone waits for the next process.
func TestASocketThatWasHandedOverOutlivesItsServer(t *testing.T) {
	unit := port(t)
	s := given(t, handed(t, unit, SocketPhones))
	for range 2 {
		l := start(t, func(cfg *Config) { cfg.Listen, cfg.Sockets = unit.Addr().String(), s })
		if _, err := l.shake(l.dial(), "http/1.1"); err != nil {
			t.Fatal(err)
		}
		l.end()
		c, err := net.Dial("tcp", unit.Addr().String())
		if err != nil {
			t.Fatalf("between two servers: %v", err)
		}
		c.Close()
	}
}

func TestASocketThatNobodyCouldTakeIsRefused(t *testing.T) {
	path, err := net.Listen("unix", filepath.Join(t.TempDir(), "socket"))
	if err != nil {
		t.Fatal(err)
	}
	defer path.Close()
	tcp, local := port(t), path.(*net.UnixListener)
	for _, c := range []struct {
		name    string
		files   []*os.File
		address string
		want    string
	}{
		{"without a name of ours", []*os.File{handed(t, tcp, "diastole.socket")}, "", `"diastole.socket" was handed over and nobody here takes it: set FileDescriptorName=`},
		{"twice the same name", []*os.File{handed(t, tcp, "phones"), handed(t, tcp, "phones")}, "", `two sockets with the name "phones"`},
		{"no TCP", []*os.File{handed(t, local, "phones")}, ":443", "is unix and not TCP"},
		{"another address than is configured", []*os.File{handed(t, tcp, "phones")}, ":443", ":443 is configured, but the socket \"phones\" that was handed over is " + tcp.Addr().String()},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := named(c.files)
			if err == nil {
				_, err = s.Take(SocketPhones, c.address)
			}
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestWhatWasHandedOverAndNeverTakenIsNamed(t *testing.T) {
	tcp := port(t)
	s := given(t, handed(t, tcp, SocketHTTP), handed(t, tcp, SocketAdmin), handed(t, tcp, SocketPhones))
	l, err := s.Take(SocketPhones, tcp.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	if got := strings.Join(s.Untaken(), " "); got != "admin http" {
		t.Errorf("got %q", got)
	}
	var none *Sockets
	if l, err := none.Take(SocketPhones, ":443"); l != nil || err != nil || none.Untaken() != nil {
		t.Errorf("where nothing was handed over: %v, %v", l, err)
	}
}

func TestEveryAddressOfTheMachineIsOneHoweverItIsWritten(t *testing.T) {
	for _, c := range []struct {
		written, real string
		want          bool
	}{
		{":443", "[::]:443", true}, {":443", "0.0.0.0:443", true}, {"0.0.0.0:443", "[::]:443", true}, {":https", "[::]:443", true},
		{"127.0.0.1:443", "127.0.0.1:443", true}, {"127.0.0.1:443", "[::ffff:127.0.0.1]:443", true}, {"[::1]:443", "[::1]:443", true},
		{":443", "[::]:8443", false}, {":443", "127.0.0.1:443", false}, {"127.0.0.1:443", "[::]:443", false},
		{"127.0.0.1:443", "127.0.0.2:443", false}, {"", "[::]:443", false},
	} {
		if got := sameAddress(c.written, netip.MustParseAddrPort(c.real)); got != c.want {
			t.Errorf("%q and %s: %v", c.written, c.real, got)
		}
	}
}
