//go:build !linux

package upstream

// provesUntaken: elsewhere nothing proves it, so a request that must not be
// sent twice always takes a fresh connection.
const provesUntaken = false

func (c *conn) count() counters { return counters{} }

func saysGoodbye(error) bool { return false }

// readable: nobody to ask, so a dead connection is found by the next request.
func (c *conn) readable() bool { return false }

// untilReadable: nothing tells, so the server's close is noticed by the next
// request.
func (c *conn) untilReadable() bool { return false }
