package edge

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"

	"github.com/coreos/go-systemd/v22/activation"
)

// The names of sockets that a service manager may hand over: what stands behind
// FileDescriptorName= in its socket unit (systemd.socket(5)).
const (
	SocketPhones = "phones" // takes the place of listen
	SocketAdmin  = "admin"  // of admin.listen
	SocketHTTP   = "http"   // of the port on which a certificate authority asks (HTTP-01)
)

// Sockets are listening sockets that were open before this process and stay open
// after it (sd_listen_fds(3)). While no process takes from one, connections wait in
// the kernel's queue instead of being refused, so that a restart turns no phone away.
// A nil Sockets has none.
type Sockets struct {
	given map[string]*os.File
	taken map[string]bool
}

// Inherited are the sockets that were handed to this process. It reads and clears
// LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES, so only the first call finds any. A
// socket that nobody here would take is an error: connections to it would hang.
func Inherited() (*Sockets, error) { return named(activation.Files(true)) }

func named(files []*os.File) (*Sockets, error) {
	s := &Sockets{given: map[string]*os.File{}, taken: map[string]bool{}}
	for _, f := range files {
		name := f.Name()
		switch {
		case !slices.Contains([]string{SocketPhones, SocketAdmin, SocketHTTP}, name):
			return nil, fmt.Errorf("a socket with the name %q was handed over and nobody here takes it: "+
				"set FileDescriptorName= in its socket unit to %s, %s or %s", name, SocketPhones, SocketAdmin, SocketHTTP)
		case s.given[name] != nil:
			return nil, fmt.Errorf("two sockets with the name %q were handed over: "+
				"leave one ListenStream= in the socket unit, a port alone is IPv4 and IPv6", name)
		}
		s.given[name] = f
	}
	return s, nil
}

// Take gives the socket of that name, or nil if none was handed over; then the
// caller binds address itself. It has to be the address that is configured: of two
// that differ nobody could say which one counts. It may be taken again and again,
// and closing what was given leaves the socket itself open.
func (s *Sockets) Take(name, address string) (net.Listener, error) {
	if s == nil || s.given[name] == nil {
		return nil, nil
	}
	l, err := net.FileListener(s.given[name])
	if err != nil {
		return nil, fmt.Errorf("the socket %q that was handed over cannot be used: %w", name, err)
	}
	at, ok := l.Addr().(*net.TCPAddr)
	if !ok {
		return nil, errors.Join(fmt.Errorf("the socket %q that was handed over is %s and not TCP: "+
			"write a port behind ListenStream=", name, l.Addr().Network()), l.Close())
	}
	if !sameAddress(address, at.AddrPort()) {
		return nil, errors.Join(fmt.Errorf("%s is configured, but the socket %q that was handed over is %s: "+
			"change ListenStream= in the socket unit to it and restart that unit", address, name, at), l.Close())
	}
	s.taken[name] = true
	return l, nil
}

// Untaken are the names of sockets that were handed over and never taken.
func (s *Sockets) Untaken() (names []string) {
	if s == nil {
		return nil
	}
	for name := range s.given {
		if !s.taken[name] {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// sameAddress compares what a person wrote with what the kernel says. ":443",
// "0.0.0.0:443" and "[::]:443" are one: which of them a unit meant depends on
// BindIPv6Only= and on the kernel.
func sameAddress(written string, real netip.AddrPort) bool {
	wanted, err := net.ResolveTCPAddr("tcp", written)
	if err != nil || wanted.Port != int(real.Port()) {
		return false
	}
	if wanted.IP == nil || wanted.IP.IsUnspecified() {
		return real.Addr().IsUnspecified()
	}
	return wanted.AddrPort().Addr().Unmap() == real.Addr().Unmap()
}

// silent turns keep-alive off on each connection of a socket that was handed over.
// net.FileListener has no ListenConfig, and without this Go would send a probe to each
// waiting phone every 15 s (protocol.md 8.6).
type silent struct{ *net.TCPListener }

func (l silent) Accept() (net.Conn, error) {
	c, err := l.AcceptTCP()
	if err != nil {
		return nil, err
	}
	if err := c.SetKeepAlive(false); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}
