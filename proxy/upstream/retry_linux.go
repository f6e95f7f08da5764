package upstream

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// provesUntaken: this system can tell whether a request was taken.
const provesUntaken = true

// bytesAcked asks the kernel how many bytes the server's kernel has
// acknowledged on this connection (tcp(7), TCP_INFO).
func (c *conn) bytesAcked() (n uint64, ok bool) {
	if c.raw == nil {
		return 0, false
	}
	err := c.raw.Control(func(fd uintptr) {
		info, err := unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO)
		if err == nil {
			n, ok = info.Bytes_acked, true
		}
	})
	return n, ok && err == nil
}

// alive reports whether an idle connection can still be used: nothing to read
// is alive; end of stream, an error, or bytes nobody asked for are not.
func (c *conn) alive() bool {
	if c.raw == nil {
		return true
	}
	alive := false
	err := c.raw.Read(func(fd uintptr) bool {
		var b [1]byte
		_, _, err := unix.Recvfrom(int(fd), b[:], unix.MSG_PEEK|unix.MSG_DONTWAIT)
		alive = err == syscall.EAGAIN
		return true
	})
	return err == nil && alive
}

// untilReadable blocks until the server sends something or closes, and reports
// that; false: the read deadline ended it, or our own Close.
func (c *conn) untilReadable() bool {
	err := c.raw.Read(func(fd uintptr) bool {
		var b [1]byte
		_, _, err := unix.Recvfrom(int(fd), b[:], unix.MSG_PEEK|unix.MSG_DONTWAIT)
		return err != syscall.EAGAIN
	})
	return err == nil
}
