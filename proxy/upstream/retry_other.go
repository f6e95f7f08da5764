//go:build !linux

package upstream

// provesUntaken: elsewhere nothing proves it, so a request that must not be
// sent twice always takes a fresh connection.
const provesUntaken = false

func (c *conn) bytesAcked() (uint64, bool) { return 0, false }

func (c *conn) alive() bool { return true }

// untilReadable: nothing tells, so the server's close is noticed by the next
// request.
func (c *conn) untilReadable() bool { return false }
