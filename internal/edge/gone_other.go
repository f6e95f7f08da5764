//go:build !linux

package edge

import "net"

// untilGone: only Linux has POLLRDHUP.
func untilGone(net.Conn) error { return errCannotWatch }
