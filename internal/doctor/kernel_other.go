//go:build !linux

package doctor

import (
	"net"
	"time"
)

// kernelOf knows nothing: only Linux is asked.
func kernelOf(net.Conn) *Kernel { return nil }

// asleep knows nothing either.
func asleep() time.Duration { return 0 }
