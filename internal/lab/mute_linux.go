package lab

import (
	"net"

	"golang.org/x/sys/unix"
)

// mute makes the kernel drop whatever comes in by a connection before TCP sees it (SO_ATTACH_FILTER, socket(7)), so
// that nothing is acknowledged any more and no FIN or RST is noticed: what it is like behind a box that has forgotten
// the connection. A connection that is no socket stays as it is.
func mute(c net.Conn) {
	tcp, ok := c.(*net.TCPConn)
	if !ok {
		return
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return
	}
	drop := []unix.SockFilter{{Code: unix.BPF_RET | unix.BPF_K}} // return 0: keep no byte of the packet
	_ = raw.Control(func(fd uintptr) {
		_ = unix.SetsockoptSockFprog(int(fd), unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &unix.SockFprog{Len: 1, Filter: &drop[0]})
	})
}
