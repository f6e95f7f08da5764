package upstream

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httputil"
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

// Unpack is a packed request as it was: Target, Host, Header and the body, which is
// in Bytes. r itself stays packed. Trailers are gone.
func (r *Request) Unpack() (*Request, error) {
	out := *r
	out.packed, out.Header = nil, http.Header{}
	head, body, _ := bytes.Cut(r.packed, []byte("\r\n\r\n"))
	line, fields, _ := strings.Cut(string(head), "\r\n")
	line = strings.TrimSuffix(strings.TrimPrefix(line, r.Method+" "), " HTTP/1.1")
	out.Target = line
	for field := range strings.SplitSeq(fields, "\r\n") {
		switch name, value, _ := strings.Cut(field, ": "); name {
		case "Host":
			out.Host = value
		case "Transfer-Encoding": // as write adds it
			out.Chunked = true
		default:
			out.Header[name] = append(out.Header[name], value)
		}
	}
	out.Bytes = body
	if out.Chunked {
		var err error
		if out.Bytes, err = io.ReadAll(httputil.NewChunkedReader(bytes.NewReader(body))); err != nil {
			return nil, &Error{Phase: Await, Err: err}
		}
	}
	return &out, nil
}
