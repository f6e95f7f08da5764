package hold

import (
	"errors"
	"fmt"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// Spot is one parked socket in a Lot. The Lot's mutex guards it.
type Spot struct {
	lot    *Lot
	socket syscall.RawConn
	heard  func(Sign) // nil after Leave
	index  int32
	watch  uint32 // number of the Watch whose sign is awaited; 0: none
	known  bool   // to the kernel
}

var errLeft = errors.New("hold: the spot was left")

// Park gives the socket a spot. It watches nothing yet. Each sign is told to heard,
// on the Lot's goroutine: heard must not block, and may Watch or Leave. A socket
// must not have two spots at once: Watch fails on the second (EEXIST). The errors
// are os.ErrClosed for a closed Lot and net.ErrClosed for a closed socket.
func (l *Lot) Park(socket syscall.RawConn, heard func(Sign)) (*Spot, error) {
	if err := socket.Control(func(uintptr) {}); err != nil {
		return nil, fmt.Errorf("hold: parking a socket: %w", err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil, fmt.Errorf("hold: parking a socket: the lot is closed: %w", os.ErrClosed)
	}
	s := &Spot{lot: l, socket: socket, heard: heard}
	if last := len(l.free) - 1; last >= 0 {
		s.index, l.free = l.free[last], l.free[:last]
		l.spots[s.index] = s
	} else {
		s.index, l.spots = int32(len(l.spots)), append(l.spots, s)
	}
	return s, nil
}

// Watch arms the spot for one sign: always for the connection's end, with readable
// also for bytes. After one sign the spot is silent until the next Watch, which may
// come at any time and replaces the one before. If what is watched for is already
// there, the sign comes at once (through the Lot's goroutine, never inside Watch).
// Closing the socket on this side gives no sign. After an error, as Park's, the spot
// gives no sign either.
func (s *Spot) Watch(readable bool) error {
	s.lot.mu.Lock()
	defer s.lot.mu.Unlock()
	switch {
	case s.heard == nil:
		return errLeft
	case s.lot.closed:
		return fmt.Errorf("hold: watching a socket: the lot is closed: %w", os.ErrClosed)
	}
	// A new number each time: what the kernel has handed over for an older Watch
	// must not be taken for a sign of this one, nor of a stranger at this index.
	if s.lot.watch++; s.lot.watch == 0 {
		s.lot.watch = 1
	}
	s.watch = s.lot.watch
	err := s.arm(readable)
	if errors.Is(err, unix.ENOSPC) {
		return fmt.Errorf("hold: watching a socket: %w: raise the sysctl fs.epoll.max_user_watches", err)
	}
	if err != nil {
		return fmt.Errorf("hold: watching a socket: %w", err)
	}
	return nil
}

// arm asks the kernel for one event. It does so inside Control, where the descriptor
// cannot be closed and given to a stranger, who would be watched instead. EPOLLERR
// and EPOLLHUP come unasked, which is why nothing is registered before there is
// something to watch for.
func (s *Spot) arm(readable bool) error {
	event := unix.EpollEvent{Events: unix.EPOLLONESHOT | unix.EPOLLRDHUP, Fd: s.index, Pad: int32(s.watch)}
	if readable {
		event.Events |= unix.EPOLLIN
	}
	op := unix.EPOLL_CTL_ADD
	if s.known {
		op = unix.EPOLL_CTL_MOD
	}
	var refused error
	closed := s.socket.Control(func(fd uintptr) {
		refused = os.NewSyscallError("epoll_ctl", unix.EpollCtl(s.lot.fd, op, int(fd), &event))
	})
	if closed != nil {
		return closed
	}
	s.known = s.known || refused == nil
	return refused
}

// Leave ends the watching. heard may still be running when it returns (or about to:
// nobody can tell), and is never called again after that. A second Leave does
// nothing. The socket is not closed, and it does not matter whether it has been.
func (s *Spot) Leave() {
	s.lot.mu.Lock()
	defer s.lot.mu.Unlock()
	if s.heard == nil {
		return
	}
	if s.known && !s.lot.closed {
		// A closed socket gives an error here; the kernel has let go of it already.
		_ = s.socket.Control(func(fd uintptr) {
			_ = unix.EpollCtl(s.lot.fd, unix.EPOLL_CTL_DEL, int(fd), nil)
		})
	}
	s.lot.spots[s.index] = nil
	s.lot.free = append(s.lot.free, s.index)
	s.heard, s.socket = nil, nil // whoever keeps the Spot does not keep the connection
}
