package upstream

import (
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"time"
)

// Field is one header line, its name as the server spelled it.
type Field struct{ Name, Value string }

// Response is the server's answer. Read Body to its end and call Close. It is for
// one goroutine at a time.
type Response struct {
	Status  int
	Header  []Field // in the server's order; hop-by-hop fields are still there
	Trailer []Field // after Body has ended
	Body    io.Reader

	// Length of the body in bytes, -1 where the end of the stream shows it.
	Length int64
	// Chunked: the server framed the body in chunks. A Content-Length beside
	// them is not in Header: RFC 9112 6.3 wants it gone.
	Chunked bool

	ctx      context.Context
	conn     *conn
	interim  func(int, []Field) // Request.Interim
	bodiless bool               // the answer to a HEAD
	send     *sending           // nil: no Stream
	stop     func() bool
	begun    bool // a 1xx has come: the server is at work
	proto10  bool
	closing  bool // the connection ends with this answer
	complete bool // the body was read to its end
	released bool
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

// Ready reports that reading Body gives something, or its end, at once. It is
// false where only a try would tell: with chunks, what is here may be but a part
// of a chunk's size.
func (x *Response) Ready() bool {
	return x.complete || x.Length > 0 && !x.released && x.conn.reader.Buffered() > 0
}

// await reads the answer's head.
func (x *Response) await() *Error {
	for {
		if err := x.conn.awaitAnswer(); err != nil {
			return x.blame(x.awaiting(), err)
		}
		if err := x.readHead(); err != nil {
			return x.blame(Head, err)
		}
		if x.final() {
			break
		}
	}
	if err := x.frame(); err != nil {
		return x.blame(Head, err)
	}
	return nil
}

// awaiting names the phase of a failed wait for an answer.
func (x *Response) awaiting() Phase {
	if x.begun {
		return Head // a second sending would make the server do its work twice
	}
	return Await
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

// final deals with a 1xx and reports whether the answer is the final one.
func (x *Response) final() bool {
	if x.Status >= 200 || x.Status == 101 {
		if x.send != nil {
			x.send.decide(refused) // nobody asked for the body, and nobody will
		}
		return true
	}
	x.begun = true
	switch {
	case x.Status == 100 && x.send != nil:
		x.send.decide(goes)
	case x.Status != 100 && x.interim != nil:
		x.interim(x.Status, x.Header)
	}
	if x.conn.reader.Buffered() == 0 {
		// Back to the cheap wait: a 1xx may come long before the answer.
		x.conn.dropReader()
	}
	return false
}

// Upgraded returns the connection after a 101, with what the server has already
// said on it. It belongs to the caller from then on; the context has no more
// power over it.
func (x *Response) Upgraded() (net.Conn, []byte) {
	x.stop()
	x.released = true
	ahead, _ := x.conn.reader.Peek(x.conn.reader.Buffered())
	ahead = append([]byte(nil), ahead...)
	x.conn.dropReader()
	if x.send != nil {
		x.send.end()
	}
	return x.conn.Conn, ahead
}

// Close ends the exchange. The connection is kept where the body was read to
// its end and nothing speaks against it. A second Close does nothing.
func (x *Response) Close() {
	if x.released {
		return
	}
	x.released = true
	keep := x.complete && !x.closing && (x.send == nil || x.send.finished())
	keep = x.stop() && keep // false: the cancel is closing the connection right now
	x.end(keep)
}

// BreaksOff reports whether the connection ends with this answer although the
// request's body has not gone up: what is left of it is wanted by nobody.
func (x *Response) BreaksOff() bool { return x.closing && x.send != nil && !x.send.finished() }

// Sending reports whether the request's body is still going up.
func (x *Response) Sending() bool {
	if x.send == nil {
		return false
	}
	select {
	case <-x.send.done:
		return false
	default:
		return true
	}
}

// SendRest goes on sending the request's body after its answer has come, up to its
// end, its failure or the limit. A server that answers from the head alone (IIS with
// a 401) and keeps the connection takes the rest and forgets it; Close would break
// it off.
func (x *Response) SendRest(limit time.Duration) {
	if x.send == nil || x.closing || !x.complete || x.released {
		return
	}
	t := time.NewTimer(limit)
	defer t.Stop()
	select {
	case <-x.send.done:
	case <-t.C:
	}
}

// end gives the connection back, and then nothing reads the client's body.
func (x *Response) end(keep bool) {
	x.conn.release(keep)
	if x.send != nil {
		x.send.end()
	}
}

func (x *Response) fault(format string, args ...any) error {
	return fmt.Errorf("malformed answer: "+format, args...)
}
