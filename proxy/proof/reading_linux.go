package proof

import (
	"net/netip"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const tcpClose = 7 // linux/tcp_states.h

// read asks the kernel. ok is false when the socket is gone: Control refuses a
// closed connection and keeps its descriptor from being given to another while
// it is read, so the answer is never about a stranger.
func read(conn syscall.RawConn) (r reading, ok bool) {
	err := conn.Control(func(fd uintptr) { r, ok = readSocket(int(fd)) })
	return r, ok && err == nil
}

// readSocket reads until no acknowledgement has come between the two questions:
// with one in between, written would be too low or too high by its bytes, and an
// answer would count as delivered too early or never.
func readSocket(fd int) (reading, bool) {
	info, err := unix.GetsockoptTCPInfo(fd, unix.IPPROTO_TCP, unix.TCP_INFO)
	for range 8 {
		if err != nil || info.Segs_in == 0 { // older than Linux 4.2: no counters of bytes
			return reading{}, false
		}
		var queued int // write_seq - snd_una: not sent yet, and sent but not acknowledged
		if queued, err = unix.IoctlGetInt(fd, unix.SIOCOUTQ); err != nil {
			return reading{}, false
		}
		var again *unix.TCPInfo
		again, err = unix.GetsockoptTCPInfo(fd, unix.IPPROTO_TCP, unix.TCP_INFO)
		if err == nil && again.Bytes_acked == info.Bytes_acked {
			return fromKernel(again, queued), true
		}
		info = again
	}
	return reading{}, false
}

// fromKernel does not look at tcpi_unacked: it is 0 as well after a reset, which
// throws the queue away. The counters of bytes stay what they were.
func fromKernel(info *unix.TCPInfo, queued int) reading {
	silent := min(info.Last_data_sent, info.Last_data_recv, info.Last_ack_recv)
	return reading{
		written:     info.Bytes_acked + uint64(queued),
		acked:       info.Bytes_acked,
		retransmits: info.Retransmits,
		closed:      info.State == tcpClose,
		idle:        time.Duration(silent) * time.Millisecond,
	}
}

// peerOf is the other end's address; none once the connection is closed.
func peerOf(conn syscall.RawConn) (peer netip.AddrPort) {
	_ = conn.Control(func(fd uintptr) {
		address, _ := unix.Getpeername(int(fd))
		switch a := address.(type) {
		case *unix.SockaddrInet4:
			peer = netip.AddrPortFrom(netip.AddrFrom4(a.Addr), uint16(a.Port))
		case *unix.SockaddrInet6:
			peer = netip.AddrPortFrom(netip.AddrFrom16(a.Addr), uint16(a.Port))
		}
	})
	return peer
}
