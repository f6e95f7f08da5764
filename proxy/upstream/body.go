package upstream

import "io"

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
	if b.x.released {
		return 0, errClosed
	}
	if int64(len(p)) > b.left {
		p = p[:b.left]
	}
	n, err := b.x.conn.reader.Read(p)
	b.left -= int64(n)
	if b.left == 0 {
		b.x.complete = true
		return n, io.EOF
	}
	return n, b.x.bodyError(err)
}

// untilClose is a body that ends with its connection. A cut connection looks the
// same: TLS's goodbye would tell, but IIS and others do not say it.
type untilClose struct{ x *Response }

func (b *untilClose) Read(p []byte) (int, error) {
	if b.x.complete {
		return 0, io.EOF
	}
	if b.x.released {
		return 0, errClosed
	}
	n, err := b.x.conn.reader.Read(p)
	if err == io.EOF {
		b.x.complete = true
		return n, io.EOF
	}
	return n, b.x.bodyError(err)
}

// chunks is a chunked body with its trailers.
type chunks struct {
	x    *Response
	r    io.Reader
	last bool // the last chunk was seen, the trailers are next
}

func (b *chunks) Read(p []byte) (int, error) {
	if b.x.complete {
		return 0, io.EOF
	}
	if b.x.released {
		return 0, errClosed
	}
	if !b.last {
		n, err := b.r.Read(p)
		b.last = err == io.EOF
		if n > 0 && b.last {
			return n, nil // what is here must not wait for the trailers
		}
		if !b.last {
			return n, b.x.bodyError(err)
		}
	}
	if err := b.x.readTrailer(); err != nil {
		return 0, b.x.bodyError(err)
	}
	b.x.complete = true
	return 0, io.EOF
}

// readTrailer reads what follows the last chunk, RFC 9112 7.1.2: mostly nothing
// but the empty line.
func (x *Response) readTrailer() error {
	text, err := readLines(x.conn.reader, false)
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
	failed := x.blame(Body, err)
	failed.Err = withCause(x.ctx, failed.Err)
	return failed
}
