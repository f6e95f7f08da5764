package edge

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"time"

	"github.com/pires/go-proxyproto"
)

// Why a connection was closed over its PROXY header, as metric labels.
const (
	proxyMissing   = "missing"   // a listed peer sent something else
	proxyMalformed = "malformed" // a listed peer sent a broken one
	proxyTimeout   = "timeout"   // a listed peer sent none in time
	proxyUntrusted = "untrusted" // a peer that is not listed sent one
)

func init() {
	// nginx's stream module writes "PROXY TCP6 192.0.2.1 ::1 ..." when it is
	// asked on IPv4 and connects on IPv6. Refused, no phone would come in.
	proxyproto.V1AcceptIPv4InTCP6 = true
}

// proxyError says why a PROXY header was refused. The reason is a metric label.
type proxyError struct {
	reason string
	err    error
}

func (e *proxyError) Error() string { return "PROXY header " + e.reason + ": " + e.err.Error() }
func (e *proxyError) Unwrap() error { return e.err }

// listed tells whether a peer sends PROXY headers.
func listed(from []netip.Prefix, peer net.Addr) bool {
	tcp, ok := peer.(*net.TCPAddr)
	if !ok {
		return false
	}
	// On a dual-stack listener an IPv4 peer comes as ::ffff:192.0.2.1 and would
	// be in none of the IPv4 prefixes.
	addr := tcp.AddrPort().Addr().Unmap().WithZone("")
	for _, prefix := range from {
		if prefix.Contains(addr) {
			return true
		}
	}
	return false
}

// readProxyHeader takes the header (version 1 or 2) off the connection of a
// listed peer and puts the client's address in place of the peer's.
//
// From a listed peer the header is required, as with HAProxy's accept-proxy and
// nginx's proxy_protocol: "the receiver MUST NOT try to guess whether the
// protocol header is present" (the PROXY protocol, section 2). If it were
// optional, whoever can reach us through such a peer without a header of its
// own could write one and be whom it likes.
//
// LOCAL (version 2, the health checks of a balancer), UNKNOWN (version 1) and
// addresses that are not TCP leave the peer's own address in place.
func (c *socket) readProxyHeader(within time.Duration) error {
	if err := c.SetReadDeadline(time.Now().Add(within)); err != nil {
		return err
	}
	early := bufio.NewReaderSize(c.Conn, 256)
	if _, err := early.Peek(1); errors.Is(err, io.EOF) {
		return err // a health check that only connects
	}
	header, err := proxyproto.Read(early)
	if err != nil {
		return &proxyError{proxyReason(err), err}
	}
	if early.Buffered() > 0 {
		c.early = early
	}
	if source, _, ok := header.TCPAddrs(); ok && header.Command.IsProxy() {
		c.remote = source
	}
	return c.SetReadDeadline(time.Time{})
}

func proxyReason(err error) string {
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return proxyTimeout
	case errors.Is(err, proxyproto.ErrNoProxyProtocol):
		return proxyMissing
	default:
		return proxyMalformed
	}
}
