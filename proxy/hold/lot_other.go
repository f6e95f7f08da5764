//go:build !linux

package hold

import (
	"errors"
	"fmt"
	"syscall"
)

// Lot watches parked sockets. Only Linux has one: elsewhere OpenLot fails, waits are
// held in their handlers, and nothing below is ever reached.
type Lot struct{}

// Spot is one parked socket in a Lot.
type Spot struct{}

// OpenLot gives errors.ErrUnsupported: parking needs epoll.
func OpenLot() (*Lot, error) {
	return nil, fmt.Errorf("hold: a lot for parked connections needs Linux: %w", errors.ErrUnsupported)
}

// Close does nothing.
func (*Lot) Close() error { return nil }

// Park gives errors.ErrUnsupported.
func (*Lot) Park(syscall.RawConn, func(Sign)) (*Spot, error) { return nil, errors.ErrUnsupported }

// Watch gives errors.ErrUnsupported.
func (*Spot) Watch(bool) error { return errors.ErrUnsupported }

// Leave does nothing.
func (*Spot) Leave() {}
