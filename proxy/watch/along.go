package watch

import (
	"errors"
	"io"

	"github.com/diastole/diastole/wbxml/eas"
)

// ErrUnfinished marks an answer that was not read to its end.
var ErrUnfinished = errors.New("the answer was not read to its end")

// Along reads a Sync answer along with whoever reads it. It passes the bytes on
// as they are; Close tells what was in them.
type Along struct {
	from   io.Reader
	plain  eas.SyncResponseReader
	packed *unpacking // nil: not compressed
	came   bool       // at least one byte
	ended  bool       // from has said io.EOF
	err    error      // why the rest is not read along; it passes all the same
}

// ReadAlong wraps the body of an answer that has the given Content-Encoding.
func ReadAlong(body io.Reader, encoding string) *Along {
	a := &Along{from: body}
	packed, err := isPacked(encoding)
	a.err = err
	if packed {
		a.packed = unpack(&a.plain)
	}
	return a
}

func (a *Along) Read(p []byte) (int, error) {
	n, err := a.from.Read(p)
	a.came = a.came || n > 0
	a.ended = a.ended || err == io.EOF
	switch {
	case a.err != nil || n == 0:
	case a.packed == nil:
		_, _ = a.plain.Write(p[:n])
	default:
		_, a.err = a.packed.in.Write(p[:n])
	}
	return n, err
}

// Close ends the reading, at the answer's end or before it, and returns what was
// read. It must be called, or a compressed answer leaves a goroutine behind.
func (a *Along) Close() (eas.SyncResponse, error) {
	if a.packed != nil {
		a.err = a.packed.end() // it knows why it stopped
	}
	answer, err := a.plain.Close()
	switch {
	case !a.ended:
		err = ErrUnfinished
	case a.came && a.err != nil: // nothing is nothing in every coding
		err = a.err
	}
	return answer, err
}

// unpacking is a gzip stream between a writer, the bytes that pass by, and the
// reader of the Sync answer. gzip pulls where we push, hence the goroutine.
type unpacking struct {
	in   *io.PipeWriter
	done chan error
}

func unpack(to *eas.SyncResponseReader) *unpacking {
	out, in := io.Pipe()
	u := &unpacking{in: in, done: make(chan error, 1)}
	go func() {
		err := copyUnpacked(untilDone{to}, out)
		out.Close() // from here on the passing bytes must not block on us
		u.done <- err
	}()
	return u
}

func (u *unpacking) end() error {
	u.in.Close()
	return <-u.done
}
