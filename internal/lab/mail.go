package lab

import (
	"bytes"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"time"
)

// Mail is one message, as it is delivered and as a phone sees it.
type Mail struct {
	From, To, Subject, Body string
	Received                time.Time // zero = now, when it is delivered
	Read                    bool
	Attachments             []Attachment
	ID                      string // the server's id, filled by the server
}

// Attachment is a file in a mail: its bytes, or with Data nil Size generated ones that depend on Name alone, so that
// a test can fetch gigabytes and compare them without anybody holding them.
type Attachment struct {
	Name, ContentType string
	Data              []byte
	Size              int64  // without Data
	Reference         string // the FileReference to fetch it by, filled by the server
}

// Length is how many bytes Open gives.
func (a *Attachment) Length() int64 {
	if a.Data != nil {
		return int64(len(a.Data))
	}
	return a.Size
}

// Open reads the content from its beginning.
func (a *Attachment) Open() io.Reader {
	if a.Data != nil {
		return bytes.NewReader(a.Data)
	}
	h := fnv.New64a()
	io.WriteString(h, a.Name)
	var seed [32]byte
	h.Sum(seed[:0])
	return io.LimitReader(rand.NewChaCha8(seed), a.Size)
}
