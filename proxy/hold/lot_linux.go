package hold

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// Lot watches parked sockets with one epoll and one goroutine, however many there
// are. The sockets are in Go's own poller as well and stay usable as before.
//
// A Lot grows with the spots that are in it at once and never shrinks: by 12 bytes
// for each, beside the Spot itself. Its caller bounds them by parking a socket once
// and leaving the spot before or after closing the socket; then there are no more
// spots than descriptors.
type Lot struct {
	epoll *os.File
	fd    int           // the number of epoll; ours as long as mu is held and closed is false
	ended chan struct{} // the goroutine has

	mu     sync.Mutex
	closed bool
	spots  []*Spot // by index, nil where free
	free   []int32 // indexes of spots
	watch  uint32  // number of the latest Watch
}

// batch is how many signs are taken from the kernel at once. While it hands them
// over, the kernel keeps others from watching.
const batch = 128

// OpenLot makes a Lot without spots. It costs one descriptor and one goroutine
// until Close. errors.ErrUnsupported on other systems than Linux.
func OpenLot() (*Lot, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("hold: a lot for parked connections: %w", os.NewSyscallError("epoll_create1", err))
	}
	// os.NewFile gives only non-blocking descriptors to Go's poller. A blocking wait
	// would cost a thread, and Close could not end it.
	if err := unix.SetNonblock(fd, true); err != nil {
		return nil, errors.Join(os.NewSyscallError("fcntl", err), unix.Close(fd))
	}
	l := &Lot{epoll: os.NewFile(uintptr(fd), "epoll"), fd: fd, ended: make(chan struct{})}
	raw, err := l.epoll.SyscallConn()
	if err != nil {
		return nil, errors.Join(err, l.epoll.Close())
	}
	go l.run(raw)
	return l, nil
}

// Close ends the watching of all spots. No heard runs any more when it returns, so
// it must not be called from inside one. A second Close gives os.ErrClosed.
func (l *Lot) Close() error {
	err := l.shut()
	<-l.ended
	return err
}

func (l *Lot) shut() error {
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	return l.epoll.Close()
}

// run brings signs until the Lot is closed. The kernel refuses nothing that is
// asked for here; if it ever does, closing lets every later Watch fail, where going
// on would leave waits that nothing ends.
func (l *Lot) run(epoll syscall.RawConn) {
	defer close(l.ended)
	defer func() { _ = l.shut() }()
	events := make([]unix.EpollEvent, batch)
	for {
		n, err := collect(epoll, events)
		if err != nil {
			return
		}
		for _, e := range events[:n] {
			if heard := l.due(e); heard != nil {
				heard(sign(e.Events))
			}
		}
	}
}

// collect blocks until there are events, without holding a thread: Go's poller
// watches the epoll descriptor itself, which is readable while it has events.
func collect(epoll syscall.RawConn, events []unix.EpollEvent) (n int, err error) {
	closed := epoll.Read(func(fd uintptr) bool {
		for {
			if n, err = unix.EpollWait(int(fd), events, 0); err != unix.EINTR {
				return n != 0
			}
		}
	})
	return n, errors.Join(closed, err)
}

// due says who is to hear an event. Nobody is when the spot left or was watched
// anew after the kernel gave the event, or when the socket's descriptor lives on
// elsewhere (a child between fork and exec) and so is watched for a spot of old.
func (l *Lot) due(e unix.EpollEvent) func(Sign) {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.spots[e.Fd]
	if l.closed || s == nil || s.watch != uint32(e.Pad) {
		return nil
	}
	s.watch = 0
	return s.heard
}

// sign is the most that an event says. A RST says that it is readable and left, too.
func sign(events uint32) Sign {
	switch {
	case events&unix.EPOLLERR != 0:
		return Reset
	case events&(unix.EPOLLRDHUP|unix.EPOLLHUP) != 0:
		return Left
	}
	return Readable
}
