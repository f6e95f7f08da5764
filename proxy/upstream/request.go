package upstream

import (
	"io"
	"net/http"
	"strconv"
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
	// stream. A body needs Chunked or a Content-Length in Header.
	Bytes   []byte
	Stream  io.Reader
	Chunked bool
	Trailer http.Header // written after a chunked body, read when it has ended

	// AwaitContinue holds the stream back until the server says 100 (RFC 9110
	// 10.1.1), for a second at most: reading it is what tells the client to go on.
	AwaitContinue bool

	// Repeatable: the server may see the request twice without harm.
	Repeatable bool

	// Interim is called for each 1xx answer but 100 and 101. May be nil.
	Interim func(status int, fields []Field)

	// Interrupt must make a blocked read of Stream return. Without it a client
	// that never finishes its body would hold the exchange after its end.
	Interrupt func()
}

// onceReuse is the longest idle time after which a request that must not be sent
// twice still takes a kept connection. Below the shortest keep-alive limit in
// common use (Apache: 5 s), so that the server's close and our request do not
// cross on the way.
const onceReuse = 4 * time.Second

// reuseLimit says how long a kept connection may have been idle to carry r.
func (r *Request) reuseLimit() time.Duration {
	switch {
	case r.Stream != nil:
		return 0 // a stream cannot be sent again: only a fresh connection is safe
	case r.Repeatable:
		return time.Hour
	case !provesUntaken:
		return 0
	}
	return onceReuse
}

// appendHead writes the request line and the headers, RFC 9112 3 and 5.
func (r *Request) appendHead(b []byte) []byte {
	b = append(b, r.Method...)
	b = append(b, ' ')
	b = append(b, r.Target...)
	b = append(b, " HTTP/1.1\r\nHost: "...)
	b = append(b, r.Host...)
	b = append(b, "\r\n"...)
	for name, values := range r.Header {
		for _, v := range values {
			b = append(b, name...)
			b = append(b, ": "...)
			b = append(b, v...)
			b = append(b, "\r\n"...)
		}
	}
	if r.Chunked {
		b = append(b, "Transfer-Encoding: chunked\r\n"...)
	}
	return append(b, "\r\n"...)
}

// appendChunk frames one piece of a stream, RFC 9112 7.1.
func appendChunk(b, piece []byte) []byte {
	b = strconv.AppendInt(b, int64(len(piece)), 16)
	b = append(b, "\r\n"...)
	b = append(b, piece...)
	return append(b, "\r\n"...)
}

// appendLastChunk ends a chunked stream with its trailers, RFC 9112 7.1.2.
func appendLastChunk(b []byte, trailer http.Header) []byte {
	b = append(b, "0\r\n"...)
	for name, values := range trailer {
		for _, v := range values {
			b = append(b, name...)
			b = append(b, ": "...)
			b = append(b, v...)
			b = append(b, "\r\n"...)
		}
	}
	return append(b, "\r\n"...)
}
