package upstream

import (
	"io"
	"net/http"
	"time"
)

// Request is what goes to the server, ready to be written: hop-by-hop headers
// are gone, names are spelled as they shall be on the wire.
type Request struct {
	Method string
	Target string // request target as on the request line, RFC 9112 3.2
	Host   string
	Header http.Header // without Host; a Content-Length in it is written as it is

	// The body is either whole in memory, so that it can be sent again, or a
	// stream. It needs a Content-Length in Header, or Chunked. Bytes are for what
	// fits the socket's buffers (64 KiB do): they are written before the answer is
	// looked at.
	Bytes   []byte
	Stream  io.Reader
	Chunked bool
	Trailer http.Header // of a chunked body; read when a Stream has ended

	// AwaitContinue holds the stream back until the server says 100 (RFC 9110
	// 10.1.1): reading it is what tells the client to go on. A server that says
	// nothing gets the stream after a second, one that refuses never.
	AwaitContinue bool

	// Repeatable: the server may see the request twice without harm. It does only
	// where the first sending failed at once: see repeatLimit.
	Repeatable bool

	// Interim is called for each 1xx answer but 100 and 101. May be nil.
	Interim func(status int, fields []Field)

	// Interrupt must make a blocked read of Stream return. It is called where the
	// exchange has ended and Stream is still being read; without it a client
	// that never finishes its body would hold the exchange after its end.
	Interrupt func()

	packed []byte // head and body as they go out: see Pack
}

// repeatLimit is how soon a Repeatable request must have failed to go out again.
// A connection that was stale shows it within a round trip. One that breaks after
// ten minutes of a Ping was not, and the server would hold the Ping for its whole
// interval once more, long after the phone has given up.
const repeatLimit = 5 * time.Second

// onceReuse is the longest idle time after which a request that must not be sent
// twice still takes a kept connection. Below the shortest keep-alive limit in
// common use (Apache: 5 s), so that the server's close and our request do not
// cross on the way.
const onceReuse = 4 * time.Second

// reuseLimit says how long a kept connection may have been idle to carry r (0:
// never), and how long it must have been where the server is not known to keep
// connections.
func (r *Request) reuseLimit() (limit, patience time.Duration) {
	switch {
	case r.Stream != nil:
		return 0, 0 // a stream cannot be sent again: only a fresh connection is safe
	case r.Repeatable:
		return time.Hour, 0
	case !provesUntaken:
		return 0, 0
	}
	return onceReuse, settle
}
