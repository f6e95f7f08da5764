//go:build !linux

package proxy

import "github.com/diastole/diastole/heartbeat"

// howItLeft: only Linux tells a reset from a goodbye.
func (c *clientConn) howItLeft() heartbeat.Cause { return heartbeat.DeviceLeft }
