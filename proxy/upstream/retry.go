package upstream

// A server may close a kept connection at any moment and say nothing before. If
// that crosses our request on the way, the request dies with it, and nobody knows
// whether it was carried out: a SendMail sent again would be a second mail
// (RFC 9110 9.2.2 forbids the repetition). It goes out again only on a proof that
// the server has not read one byte of it. There are two.
//
// 1. Nothing left this machine: tcpi_bytes_sent (tcp(7), TCP_INFO) stands where
// it stood before the request. The connection was dead before we wrote.
//
// 2. The server said goodbye before it had a byte of the request. Each segment
// acknowledges all that its sender's kernel holds when it leaves. So if the end of
// the stream (FIN, or TLS's close_notify) has come and tcpi_bytes_acked stands
// where it stood, the server had decided to go when no process of it could have
// read our first byte. What arrives later meets a closed socket; a server that
// closes in two steps (RFC 9112 9.6) reads it only to throw it away, because it
// cannot answer any more. Of bytes that arrive out of order nothing can be read
// before the first one, and that one would be acknowledged.
//
// Why no acknowledgement and a RST are no proof, though it looks like one: Linux
// drops a RST before it looks at the acknowledgement in it, and an acknowledgement
// may be delayed (RFC 9293 3.8.6.3) for longer than a server needs to carry a
// request out. A server that reads a request, acts upon it and then dies with a
// RST leaves the very same numbers as one that never read it. So do a reverse
// path that loses all acknowledgements (ETIMEDOUT), and a firewall that answers
// in the server's name. A server whose close() finds our request unread in its
// buffer sends that same RST: it was not carried out, and cannot be told from one
// that was. pool.keeps is there so that this hardly ever happens.
//
// How the two ends of a stream are told apart: Linux gives EPIPE, not ECONNRESET,
// to a write after FIN and then RST, and a read still says end of file. But after
// a write took the ECONNRESET of a bare RST, the next read says end of file too,
// so the first error of an exchange is the one that counts.
//
// Where it does not hold, it says no: a kernel that does not count (both counts
// are above 0 on a connection that has carried a request, but Linux has had them
// only since 4.1 and 4.19, and a sandbox's or a network card's own TCP may not
// fill them in), another system (retry_other.go). Multipath TCP counts per path;
// client.go turns it off. A box on the way that ends TCP on both sides is itself
// the server that this proof speaks of, and passes nothing on that it did not take.
// Loopback, veth and the offloading of segments change nothing: what is counted are
// sequence numbers. FIN_WAIT2 and TIME_WAIT answer new data with RST and
// acknowledge none of it. packet_linux_test.go plays each of these ends against
// the real kernel.

// counters are what the kernel counts on one connection.
type counters struct {
	acked uint64 // bytes that the other side has acknowledged
	sent  uint64 // bytes that have left, repetitions too
	known bool
}

// counters returns the counts before r goes out, where they will be needed.
func (c *conn) counters(r *Request) counters {
	if c.answered == 0 || r.Repeatable || r.Stream != nil {
		return counters{}
	}
	return c.count()
}

// untaken reports that the exchange which began at before and ended with err
// has given the server nothing, by one of the proofs above.
func (c *conn) untaken(before counters, err error) bool {
	if !before.known {
		return false
	}
	now := c.count()
	if !now.known {
		return false
	}
	return now.sent == before.sent || saysGoodbye(err) && now.acked == before.acked
}
