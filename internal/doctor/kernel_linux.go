package doctor

import (
	"net"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// kernelOf asks the kernel what became of the bytes that were sent. nil: it does not
// know, because this is no TCP, or closed.
func kernelOf(c net.Conn) (k *Kernel) {
	s, ok := c.(syscall.Conn)
	if !ok {
		return nil
	}
	raw, err := s.SyscallConn()
	if err != nil {
		return nil
	}
	_ = raw.Control(func(fd uintptr) {
		// Unsent and unacknowledged bytes. tcpi_unacked would count segments, and nothing that
		// waits behind a retransmission.
		waiting, err := unix.IoctlGetInt(int(fd), unix.SIOCOUTQ)
		info, infoErr := unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO)
		if err == nil && infoErr == nil {
			k = &Kernel{Waiting: waiting, Retransmits: int(info.Retransmits)}
		}
	})
	return k
}

// asleep is how long this machine has slept since it was started: what the one clock
// counts and the other does not (clock_gettime(2)).
func asleep() time.Duration {
	var all, awake unix.Timespec
	if unix.ClockGettime(unix.CLOCK_MONOTONIC, &awake) != nil || unix.ClockGettime(unix.CLOCK_BOOTTIME, &all) != nil {
		return 0
	}
	return time.Duration(all.Nano() - awake.Nano())
}
