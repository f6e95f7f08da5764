package upstream

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
)

// errRequest marks a request that would be read as something else than it is. It
// is not sent, and no connection is to blame.
var errRequest = errors.New("request cannot be sent")

var buffers = sync.Pool{New: func() any { b := make([]byte, 0, 4096); return &b }}

// oneWrite is how much body goes into one write with the head: one segment and
// one TLS record where there is little of it, no copy where there is much.
const oneWrite = 16 << 10

// write sends the request, or its head if it has a Stream, whose length it returns.
func (r *Request) write(w io.Writer) (length int64, err error) {
	if r.packed != nil {
		_, err = w.Write(r.packed)
		return 0, err
	}
	b := buffers.Get().(*[]byte)
	defer buffers.Put(b)
	head, length, err := r.appendHead((*b)[:0])
	if cap(head) <= 2*oneWrite { // a huge header must not stay in memory for ever
		*b = head
	}
	if err != nil {
		return 0, err
	}
	body, err := r.whole()
	if err != nil {
		return 0, err
	}
	if len(body) <= oneWrite {
		head, body = append(head, body...), nil
	}
	if _, err := w.Write(head); err != nil {
		return 0, err
	}
	if len(body) > 0 {
		_, err = w.Write(body)
	}
	return length, err
}

// appendHead writes the request line and the headers, RFC 9112 3 and 5, and
// returns the body's length, -1 without a Content-Length.
func (r *Request) appendHead(b []byte) (head []byte, length int64, err error) {
	begin := len(b)
	b = append(b, r.Method...)
	b = append(b, ' ')
	b = append(b, r.Target...)
	b = append(b, " HTTP/1.1\r\nHost: "...)
	b = append(b, r.Host...)
	b = append(b, "\r\n"...)
	b, fields := appendFields(b, r.Header)
	for name := range r.Header {
		if !isToken(name) || strings.EqualFold(name, "Transfer-Encoding") {
			return b, 0, fmt.Errorf("%w: header name %.40q", errRequest, name)
		}
	}
	if r.Chunked {
		b = append(b, "Transfer-Encoding: chunked\r\n"...)
		fields++
	}
	b = append(b, "\r\n"...)
	if !isToken(r.Method) || r.Target == "" || strings.Contains(r.Target, " ") || !hasLines(b[begin:], fields+3) {
		return b, 0, fmt.Errorf("%w: a line break, NUL or space where none may be", errRequest)
	}
	length, err = r.length()
	return b, length, err
}

func appendFields(b []byte, h http.Header) (_ []byte, n int) {
	for name, values := range h {
		for _, v := range values {
			b = append(b, name...)
			b = append(b, ": "...)
			b = append(b, v...)
			b = append(b, "\r\n"...)
			n++
		}
	}
	return b, n
}

// hasLines reports whether b is n lines: one more would be a header, or a whole
// request, that somebody has hidden in a value (RFC 9112 11.1).
func hasLines(b []byte, n int) bool {
	return bytes.Count(b, []byte("\n")) == n && bytes.Count(b, []byte("\r")) == n && bytes.IndexByte(b, 0) < 0
}

// length returns what Content-Length says, -1 without one. A length that is not
// the body's would make the server read the rest of it as the next request, or
// wait for ever.
func (r *Request) length() (int64, error) {
	length := int64(-1)
	for name, values := range r.Header {
		if !strings.EqualFold(name, "Content-Length") {
			continue
		}
		for _, v := range values {
			n, err := strconv.ParseUint(v, 10, 63)
			if err != nil || length >= 0 && length != int64(n) {
				return 0, fmt.Errorf("%w: Content-Length %.40q", errRequest, values)
			}
			length = int64(n)
		}
	}
	var fits bool
	switch {
	case r.Chunked:
		fits = length < 0
	case r.Stream != nil:
		fits = length >= 0
	case length < 0:
		fits = len(r.Bytes) == 0
	default:
		fits = length == int64(len(r.Bytes))
	}
	if !fits {
		return 0, fmt.Errorf("%w: Content-Length %d does not frame the body", errRequest, length)
	}
	return length, nil
}

// whole is the body as it goes out after the head, nil for a stream. A chunked
// one that is in memory is one chunk.
func (r *Request) whole() ([]byte, error) {
	if !r.Chunked || r.Stream != nil {
		return r.Bytes, nil
	}
	var b []byte
	if len(r.Bytes) > 0 { // a chunk of nothing would be the last one
		b = strconv.AppendInt(make([]byte, 0, len(r.Bytes)+32), int64(len(r.Bytes)), 16)
		b = append(append(append(b, "\r\n"...), r.Bytes...), "\r\n"...)
	}
	return appendLastChunk(b, r.Trailer)
}

// sizeRoom is what a chunk's size line may need in front of a piece.
const sizeRoom = len("8000\r\n")

// frameChunk makes a chunk, RFC 9112 7.1, of the n bytes that are in b after
// sizeRoom, in place.
func frameChunk(b []byte, n int) []byte {
	var digits [16]byte
	size := strconv.AppendInt(digits[:0], int64(n), 16)
	begin := sizeRoom - len(size) - 2
	copy(b[begin:], size)
	copy(b[sizeRoom-2:], "\r\n")
	copy(b[sizeRoom+n:], "\r\n")
	return b[begin : sizeRoom+n+2]
}

// appendLastChunk ends a chunked stream with its trailers, RFC 9112 7.1.2.
func appendLastChunk(b []byte, trailer http.Header) ([]byte, error) {
	begin := len(b)
	b = append(b, "0\r\n"...)
	b, fields := appendFields(b, trailer)
	b = append(b, "\r\n"...)
	if !hasLines(b[begin:], fields+2) {
		return nil, fmt.Errorf("%w: a line break in a trailer", ErrRequestBody)
	}
	return b, nil
}
