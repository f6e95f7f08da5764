package watch

import (
	"errors"
	"fmt"
	"io"

	"github.com/diastole/diastole/wbxml/eas"
)

// MaxTree is how much of a FolderSync's answer is kept to be read: as much as eas reads.
// What is larger passes all the same.
const MaxTree = 8 << 20

// ErrTooLarge marks a body of which more passed than is read.
var ErrTooLarge = errors.New("too large to be read")

// Kept is a body that passes, and of which a copy is kept. It holds as much memory as
// has passed, up to a limit.
type Kept struct {
	from  io.Reader
	most  int
	body  []byte
	ended bool // from has said io.EOF
	large bool // body is not all of it
}

// Keep wraps a body, of which it keeps no more than most bytes.
func Keep(body io.Reader, most int) *Kept { return &Kept{from: body, most: most} }

func (k *Kept) Read(p []byte) (int, error) {
	n, err := k.from.Read(p)
	k.ended = k.ended || err == io.EOF
	switch {
	case k.large:
	case len(k.body)+n > k.most:
		k.large, k.body = true, nil
	default:
		k.body = append(k.body, p[:n]...)
	}
	return n, err
}

// FolderSyncRequest reads what has passed as one.
func (k *Kept) FolderSyncRequest() (eas.FolderSyncRequest, error) {
	body, err := k.whole("")
	if err != nil {
		return eas.FolderSyncRequest{}, err
	}
	return eas.ParseFolderSyncRequest(body)
}

// FolderSyncResponse reads what has passed, in the given Content-Encoding, as one.
func (k *Kept) FolderSyncResponse(encoding string) (eas.FolderSyncResponse, error) {
	body, err := k.whole(encoding)
	if err != nil {
		return eas.FolderSyncResponse{}, err
	}
	return eas.ParseFolderSyncResponse(body)
}

// whole is the body, unpacked, if all of it has passed.
func (k *Kept) whole(encoding string) ([]byte, error) {
	switch {
	case !k.ended:
		return nil, ErrUnfinished
	case k.large:
		return nil, fmt.Errorf("over %d KiB: %w", k.most>>10, ErrTooLarge)
	}
	return unpacked(k.body, encoding, MaxTree)
}
