//go:build !linux

package doctor

import "net"

// kernelOf knows nothing: only Linux is asked.
func kernelOf(net.Conn) *Kernel { return nil }
