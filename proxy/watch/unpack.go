package watch

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/diastole/diastole/wbxml/eas"
)

// What is unpacked of one compressed answer, at most: 1 MiB of gzip can hold
// 1 GiB of zeroes, and unpacking is our work, not the phone's.
const (
	maxUnpacked = 64 << 20  // of a Sync, which is read as it comes
	maxShort    = 256 << 10 // of a Ping, which is kept in memory
)

// ErrUnpacking marks an answer whose compression could not be undone, or not
// within bounds.
var ErrUnpacking = errors.New("unpacking")

// isPacked tells whether a body with this Content-Encoding is gzip. No device
// asks for anything else.
func isPacked(encoding string) (bool, error) {
	switch strings.ToLower(strings.TrimSpace(encoding)) {
	case "", "identity":
		return false, nil
	case "gzip", "x-gzip": // RFC 9110 8.4.1.3
		return true, nil
	}
	return false, fmt.Errorf("%w: Content-Encoding %.20q", ErrUnpacking, encoding)
}

// Unpacked returns a short body that came whole, unpacked if it was compressed.
func Unpacked(body []byte, encoding string) ([]byte, error) {
	return unpacked(body, encoding, maxShort)
}

func unpacked(body []byte, encoding string, most int) ([]byte, error) {
	packed, err := isPacked(encoding)
	if len(body) == 0 { // nothing is nothing in every coding
		return body, nil
	}
	if err != nil || !packed {
		return body, err
	}
	var plain bytes.Buffer
	err = copyUnpacked(&limited{&plain, most}, bytes.NewReader(body))
	return plain.Bytes(), err
}

// ReadWhole reads a Sync answer that came whole. It needs no more memory for a
// compressed one than for its bytes.
func ReadWhole(body []byte, encoding string) (eas.SyncResponse, error) {
	var plain eas.SyncResponseReader
	packed, err := isPacked(encoding)
	switch {
	case len(body) == 0:
		err = nil
	case err != nil:
	case packed:
		err = copyUnpacked(untilDone{&plain}, bytes.NewReader(body))
	default:
		_, _ = plain.Write(body)
	}
	answer, unread := plain.Close()
	if err != nil {
		return answer, err
	}
	return answer, unread
}

// errEnough ends the unpacking where nothing of interest can follow.
var errEnough = errors.New("enough")

func copyUnpacked(to io.Writer, packed io.Reader) error {
	z, err := gzip.NewReader(packed)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrUnpacking, err)
	}
	n, err := io.Copy(to, io.LimitReader(z, maxUnpacked))
	switch {
	case errors.Is(err, errEnough):
		return nil
	case err != nil:
		return fmt.Errorf("%w: %w", ErrUnpacking, err)
	case n == maxUnpacked:
		return fmt.Errorf("%w: over %d MiB", ErrUnpacking, maxUnpacked>>20)
	}
	return nil
}

// untilDone stops at the end of the document, or where it cannot be read: a bomb
// behind it costs nothing.
type untilDone struct{ to *eas.SyncResponseReader }

func (u untilDone) Write(p []byte) (int, error) {
	_, _ = u.to.Write(p)
	if u.to.Done() {
		return len(p), errEnough
	}
	return len(p), nil
}

// limited is a buffer up to a limit.
type limited struct {
	b    *bytes.Buffer
	most int
}

func (l *limited) Write(p []byte) (int, error) {
	if l.b.Len()+len(p) > l.most {
		return 0, fmt.Errorf("over %d KiB", l.most>>10)
	}
	return l.b.Write(p)
}
