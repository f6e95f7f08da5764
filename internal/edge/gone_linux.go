package edge

import (
	"io"
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// untilGone blocks until the peer has closed or reset the connection, whatever it
// sent before that is unread, or until the read deadline. It always returns an error.
func untilGone(c net.Conn) error {
	s, ok := c.(syscall.Conn)
	if !ok {
		return errCannotWatch
	}
	raw, err := s.SyscallConn()
	if err != nil {
		return errCannotWatch
	}
	// The runtime asks epoll for EPOLLRDHUP, so this is called again when it comes.
	if err := raw.Read(hasGone); err != nil {
		return err
	}
	return io.EOF
}

func hasGone(fd uintptr) bool {
	for {
		poll := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLRDHUP}}
		n, err := unix.Poll(poll, 0)
		if err != unix.EINTR { // the runtime's own signals interrupt it: that is no client that left
			return n != 0 || err != nil
		}
	}
}
