package proxy

import (
	"golang.org/x/sys/unix"

	"github.com/diastole/diastole/heartbeat"
)

// TCP states as tcp_info reports them, linux/tcp_states.h.
const tcpClose = 7

// howItLeft tells a phone that said goodbye (FIN) from one that reset its
// connection: the first changed networks in order, the second was often cut off
// by a box on the way. On HTTP/2 a closed stream is a goodbye.
func (c *clientConn) howItLeft() heartbeat.Cause {
	raw := c.socket()
	if raw == nil {
		return heartbeat.DeviceLeft
	}
	cause := heartbeat.DeviceLeft
	_ = raw.Control(func(fd uintptr) {
		info, err := unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO)
		if err == nil && info.State == tcpClose {
			cause = heartbeat.DeviceReset
		}
	})
	return cause
}
