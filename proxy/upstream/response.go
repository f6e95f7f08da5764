package upstream

import (
	"fmt"
	"io"
	"net"
	"strings"
)

// Field is one header line, its name as the server spelled it.
type Field struct{ Name, Value string }

// Response is the server's answer. Read Body to its end and call Close.
type Response struct {
	Status  int
	Header  []Field // in the server's order; hop-by-hop fields are still there
	Trailer []Field // after Body has ended
	Body    io.Reader

	// Length of the body in bytes, -1 where the end of the stream shows it.
	Length int64
	// Chunked: the server framed the body in chunks.
	Chunked bool

	conn      *conn
	request   *Request
	send      *sending // nil: the request went out whole before the answer was read
	stop      func() bool
	proto10   bool
	closing   bool // the connection ends with this answer
	complete  bool // the body was read to its end
	continued bool // the server has said 100
	released  bool
}

// Get returns the first value of a header, "" if absent.
func (x *Response) Get(name string) string {
	for _, f := range x.Header {
		if strings.EqualFold(f.Name, name) {
			return f.Value
		}
	}
	return ""
}

// run sends the request and reads the answer's head.
func (x *Response) run() *Error {
	if err := x.begin(); err != nil {
		return &Error{Phase: Await, Err: err}
	}
	for {
		if err := x.conn.awaitAnswer(); err != nil {
			return x.blame(Await, err)
		}
		if err := x.readHead(); err != nil {
			return x.blame(Head, err)
		}
		final, err := x.interim()
		if err != nil {
			return x.blame(Head, err)
		}
		if final {
			break
		}
	}
	if err := x.frame(); err != nil {
		return &Error{Phase: Head, Err: err}
	}
	return nil
}

// blame says whose fault a failed read is: our reading of the client's body
// closes the connection too, and then the server has done nothing wrong.
func (x *Response) blame(p Phase, err error) *Error {
	if x.send != nil {
		if cause := x.send.failure(); cause != nil {
			err = cause
		}
	}
	return &Error{Phase: p, Err: err}
}

// interim deals with a 1xx answer and reports whether the answer is final.
func (x *Response) interim() (final bool, err error) {
	switch {
	case x.Status >= 200 || x.Status == 101:
		return true, nil
	case x.Status == 100:
		x.goOn()
	case x.request.Interim != nil:
		x.request.Interim(x.Status, x.Header)
	}
	if x.conn.reader.Buffered() == 0 {
		// Back to the cheap wait: a 1xx may come long before the answer.
		x.conn.dropReader()
	}
	return false, nil
}

// Upgraded returns the connection after a 101, with what the server has already
// said on it. It belongs to the caller from then on.
func (x *Response) Upgraded() (net.Conn, []byte) {
	x.stop()
	x.released = true
	ahead, _ := x.conn.reader.Peek(x.conn.reader.Buffered())
	ahead = append([]byte(nil), ahead...)
	x.conn.dropReader()
	return x.conn.Conn, ahead
}

// Close ends the exchange. The connection is kept where the body was read to
// its end and nothing speaks against it.
func (x *Response) Close() {
	if x.released {
		return
	}
	x.released = true
	keep := x.stop() && x.complete && !x.closing
	if x.send != nil && !x.send.finished() {
		keep = false
	}
	x.conn.release(keep)
	x.interruptSending()
}

// bodyEnd is called once when the framing says that the body is complete.
func (x *Response) bodyEnd() { x.complete = true }

func (x *Response) fault(format string, args ...any) error {
	return fmt.Errorf("malformed answer: "+format, args...)
}
