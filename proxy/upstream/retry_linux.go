package upstream

import (
	"errors"
	"io"
	"syscall"

	"golang.org/x/sys/unix"
)

// provesUntaken: this system can tell whether a request was taken.
const provesUntaken = true

// count asks the kernel (tcp(7), TCP_INFO).
func (c *conn) count() (n counters) {
	if c.raw == nil {
		return n
	}
	_ = c.raw.Control(func(fd uintptr) {
		info, err := unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO)
		if err == nil {
			// A count of nothing after a request: this kernel does not count.
			n = counters{info.Bytes_acked, info.Bytes_sent, info.Bytes_acked > 0 && info.Bytes_sent > 0}
		}
	})
	return n
}

// saysGoodbye reports whether the first error of an exchange shows that the
// server's end of stream came before anything else.
func saysGoodbye(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, syscall.EPIPE)
}

// readable reports whether the server has sent something, or closed.
func (c *conn) readable() bool {
	ready := true
	err := c.raw.Control(func(fd uintptr) { ready = hasNews(fd) })
	return err != nil || ready
}

// hasNews asks without reading: a read would take the error that tells a write
// how the connection died.
func hasNews(fd uintptr) bool {
	poll := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN | unix.POLLRDHUP}}
	n, err := unix.Poll(poll, 0)
	for err == unix.EINTR { // poll(2) says so to any signal, and the runtime sends them to its threads
		n, err = unix.Poll(poll, 0)
	}
	return n != 0 || err != nil
}

// untilReadable blocks until the server sends something or closes, and reports
// that; false: the read deadline ended it, or our own Close.
func (c *conn) untilReadable() bool {
	return c.raw.Read(hasNews) == nil
}
