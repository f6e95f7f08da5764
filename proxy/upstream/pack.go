package upstream

import (
	"bytes"
	"errors"
	"strings"
)

// errStream: a stream is not there to be packed.
var errStream = errors.New("pack: a request with a Stream cannot wait")

// Pack makes a request small that has to wait before it goes up. Head and body
// become the bytes that will be written, and Target, Host, Header, Bytes and
// Trailer are dropped: a Ping then costs what its bytes cost, about 600, and not
// a map of headers with all that they hold on to. Do and Start take it as before.
// Method, Repeatable and Interim stay.
//
// The errors are those with which Do would have refused the request; it is left
// as it was. A second Pack does nothing.
func (r *Request) Pack() error {
	if r.packed != nil {
		return nil
	}
	if r.Stream != nil {
		return &Error{Phase: Await, Err: errStream}
	}
	var b bytes.Buffer
	if _, err := r.write(&b); err != nil {
		return &Error{Phase: Await, Err: err}
	}
	*r = Request{
		// Not the caller's string: net/http cuts it out of the whole request line.
		Method:     strings.Clone(r.Method),
		Repeatable: r.Repeatable,
		Interim:    r.Interim,
		packed:     bytes.Clone(b.Bytes()), // a clone has no room to spare
	}
	return nil
}
