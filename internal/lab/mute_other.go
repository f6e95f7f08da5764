//go:build !linux

package lab

import "net"

// mute: only Linux can, without being root.
func mute(net.Conn) {}
