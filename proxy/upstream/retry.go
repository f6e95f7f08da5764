package upstream

// A server may close a kept connection at any moment, and say nothing (sogod
// does it after each answer). If that crosses our request on the way, the
// request dies with it, and nobody knows whether it was carried out: a SendMail
// sent again would be a second mail (RFC 9110 9.2.2 forbids the repetition).
//
// The kernel does know. A closed socket answers our bytes with RST and never
// acknowledges them: if the count of acknowledged bytes (tcpi_bytes_acked) is
// the same after the failure as before the request, not one byte of it was
// taken, no process has read it, and it goes out again on a fresh connection.
//
// If some bytes were acknowledged, the request is not repeated unless it is
// Repeatable.

// acked returns the count before r is sent, where it will be needed.
func (c *conn) acked(r *Request) (bytes uint64, ok bool) {
	if !c.used || r.Repeatable || r.Stream != nil {
		return 0, false
	}
	return c.bytesAcked()
}
