package upstream

import (
	"errors"
	"io"
	"net/http/httputil"
	"strconv"
	"strings"
)

var errHeadTooLarge = errors.New("malformed answer: head over 256 KiB")

// frame decides where the body ends, RFC 9112 6.3, and whether the connection
// lives on.
func (x *Response) frame() error {
	x.closing = x.proto10
	length, chunked := int64(-1), false
	for _, f := range x.Header {
		switch {
		case strings.EqualFold(f.Name, "Connection"):
			x.connectionOption(f.Value)
		case strings.EqualFold(f.Name, "Transfer-Encoding"):
			codings := strings.Split(f.Value, ",")
			chunked = strings.EqualFold(strings.TrimSpace(codings[len(codings)-1]), "chunked")
			x.closing = x.closing || !chunked
		case strings.EqualFold(f.Name, "Content-Length"):
			n, err := strconv.ParseUint(f.Value, 10, 63)
			if err != nil || (length >= 0 && length != int64(n)) {
				return x.fault("Content-Length %.40q", f.Value)
			}
			length = int64(n)
		}
	}
	switch {
	case x.request.Method == "HEAD", x.Status == 204, x.Status == 304, x.Status == 101:
		x.Length, x.Body = 0, none{}
		x.bodyEnd()
	case chunked:
		// Both framings in one answer: the chunks count, and the connection is
		// not trusted afterwards (RFC 9112 6.3, response splitting).
		x.closing = x.closing || length >= 0
		x.Chunked, x.Length = true, -1
		x.Body = &chunks{x: x, r: httputil.NewChunkedReader(x.conn.reader)}
	case length == 0:
		x.Length, x.Body = 0, none{}
		x.bodyEnd()
	case length > 0:
		x.Length, x.Body = length, &counted{x: x, left: length}
	default:
		x.Length, x.closing, x.Body = -1, true, &untilClose{x}
	}
	return nil
}

func (x *Response) connectionOption(value string) {
	for _, option := range strings.Split(value, ",") {
		switch strings.ToLower(strings.TrimSpace(option)) {
		case "close":
			x.closing = true
		case "keep-alive":
			x.closing = false
		}
	}
}

// none is the body of an answer that has none.
type none struct{}

func (none) Read([]byte) (int, error) { return 0, io.EOF }

// counted is a body with a Content-Length.
type counted struct {
	x    *Response
	left int64
}

func (b *counted) Read(p []byte) (int, error) {
	if b.left == 0 {
		return 0, io.EOF
	}
	if int64(len(p)) > b.left {
		p = p[:b.left]
	}
	n, err := b.x.conn.reader.Read(p)
	b.left -= int64(n)
	if b.left == 0 {
		b.x.bodyEnd()
		return n, io.EOF
	}
	return n, b.x.bodyError(err)
}

// untilClose is a body that ends with its connection. TLS must end it too: a
// cut connection looks the same otherwise.
type untilClose struct{ x *Response }

func (b *untilClose) Read(p []byte) (int, error) {
	n, err := b.x.conn.reader.Read(p)
	if err == io.EOF {
		b.x.bodyEnd()
		return n, io.EOF
	}
	return n, b.x.bodyError(err)
}

// chunks is a chunked body with its trailers.
type chunks struct {
	x *Response
	r io.Reader
}

func (b *chunks) Read(p []byte) (int, error) {
	if b.x.complete {
		return 0, io.EOF
	}
	n, err := b.r.Read(p)
	if err != io.EOF {
		return n, b.x.bodyError(err)
	}
	if err := b.x.readTrailer(); err != nil {
		return n, b.x.bodyError(err)
	}
	b.x.bodyEnd()
	return n, io.EOF
}

// readTrailer reads what follows the last chunk, RFC 9112 7.1.2: mostly nothing
// but the empty line.
func (x *Response) readTrailer() error {
	if two, err := x.conn.reader.Peek(2); err == nil && string(two) == "\r\n" {
		_, err = x.conn.reader.Discard(2)
		return err
	}
	text, err := readLines(x.conn.reader)
	if err != nil {
		return err
	}
	x.Trailer, err = x.fields(text)
	return err
}

// bodyError names a failure in the middle of a body; an early end is one.
func (x *Response) bodyError(err error) error {
	if err == nil {
		return nil
	}
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return plain(x.blame(Body, err))
}
