package proof

import (
	"net/netip"
	"syscall"
	"time"
)

// A reading is what the kernel says of a connection at one moment. Both counters
// run from the connection's begin, so that two readings can be compared.
type reading struct {
	written     uint64        // bytes that the program has written
	acked       uint64        // of these, bytes that the other end has acknowledged
	retransmits uint8         // time-outs in a row without any acknowledgement since
	closed      bool          // reset, or given up by the kernel
	idle        time.Duration // since any data or acknowledgement
}

// Mark is the state of a connection before an answer is written to it.
type Mark struct {
	reading
	peer     netip.AddrPort
	readable bool
}

// Before reads a connection; call it before the first byte of the answer is
// written. A nil conn, or a system other than Linux, gives a Mark from which only
// the device's next request can prove something.
func Before(conn syscall.RawConn) Mark {
	if conn == nil {
		return Mark{}
	}
	r, ok := read(conn)
	return Mark{reading: r, peer: peerOf(conn), readable: ok}
}

// Idle is for how long no data and no acknowledgement has crossed the connection,
// in either direction. On HTTP/2 it can be much less than a wait was held: other
// streams kept the boxes on the way awake. ok is false where nobody knows.
func (m Mark) Idle() (idle time.Duration, ok bool) { return m.idle, m.readable }

// balanced says whether the socket's other end is not the device but a balancer
// that names the device in a PROXY header.
func (m Mark) balanced(device netip.AddrPort) bool {
	return m.readable && device.IsValid() && m.peer.IsValid() && unmapped(device) != unmapped(m.peer)
}

func unmapped(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(a.Addr().Unmap().WithZone(""), a.Port())
}
