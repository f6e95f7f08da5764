package watch

import (
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/diastole/diastole/wbxml/eas"
)

// maxUnpacked bounds what is unpacked of one compressed answer: 1 MiB of gzip
// can hold 1 GiB of zeroes, and unpacking is our work, not the phone's.
const maxUnpacked = 64 << 20

// ErrUnpacking marks an answer whose compression could not be undone, or not
// within bounds.
var ErrUnpacking = errors.New("unpacking")

// Along reads a Sync answer along with whoever reads it. It passes the bytes on
// as they are; Close tells what was in them.
type Along struct {
	from   io.Reader
	plain  eas.SyncResponseReader
	packed *unpacking // nil: not compressed
	err    error
}

// ReadAlong wraps the body of an answer that has the given Content-Encoding.
func ReadAlong(body io.Reader, encoding string) *Along {
	a := &Along{from: body}
	switch strings.ToLower(strings.TrimSpace(encoding)) {
	case "", "identity":
	case "gzip", "x-gzip":
		a.packed = unpack(&a.plain)
	default:
		a.err = fmt.Errorf("%w: Content-Encoding %.20q", ErrUnpacking, encoding)
	}
	return a
}

func (a *Along) Read(p []byte) (int, error) {
	n, err := a.from.Read(p)
	switch {
	case a.err != nil:
	case a.packed == nil:
		_, _ = a.plain.Write(p[:n])
	case n > 0:
		_, a.err = a.packed.in.Write(p[:n])
	}
	return n, err
}

// Close ends the reading, at the answer's end or before it, and returns what was
// read. It must be called, or a compressed answer leaves a goroutine behind.
func (a *Along) Close() (eas.SyncResponse, error) {
	if a.packed != nil {
		if err := a.packed.end(); a.err == nil {
			a.err = err
		}
	}
	answer, err := a.plain.Close()
	if a.err != nil {
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

func unpack(to io.Writer) *unpacking {
	out, in := io.Pipe()
	u := &unpacking{in: in, done: make(chan error, 1)}
	go func() {
		err := copyUnpacked(to, out)
		// From here on the passing bytes must not block on us.
		out.CloseWithError(err)
		u.done <- err
	}()
	return u
}

func copyUnpacked(to io.Writer, packed io.Reader) error {
	z, err := gzip.NewReader(packed)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrUnpacking, err)
	}
	n, err := io.Copy(to, io.LimitReader(z, maxUnpacked))
	switch {
	case err != nil:
		return fmt.Errorf("%w: %w", ErrUnpacking, err)
	case n == maxUnpacked:
		return fmt.Errorf("%w: over %d MiB", ErrUnpacking, maxUnpacked>>20)
	}
	return nil
}

func (u *unpacking) end() error {
	u.in.Close()
	return <-u.done
}

// Unpacked returns a short body that came whole, unpacked if it was compressed.
func Unpacked(body []byte, encoding string) ([]byte, error) {
	if encoding == "" || len(body) == 0 {
		return body, nil
	}
	var plain limited
	if !strings.EqualFold(encoding, "gzip") {
		return nil, fmt.Errorf("%w: Content-Encoding %.20q", ErrUnpacking, encoding)
	}
	err := copyUnpacked(&plain, strings.NewReader(string(body)))
	return plain.b, err
}

// maxShort bounds a short body when unpacked.
const maxShort = 1 << 20

type limited struct{ b []byte }

func (l *limited) Write(p []byte) (int, error) {
	if len(l.b)+len(p) > maxShort {
		return 0, fmt.Errorf("over %d MiB", maxShort>>20)
	}
	l.b = append(l.b, p...)
	return len(p), nil
}
