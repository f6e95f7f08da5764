package wbxml

import (
	"fmt"
	"io"
)

// readSize is how much is asked of a reader at once. Two pages keep system calls rare and a decoder small.
const readSize = 8 << 10

// input is the window of the document that is at hand, and where the next one comes from.
// Whatever is cut off at a window's end lives in the decoder's state, so a window is never kept or joined.
type input struct {
	buf      []byte // the window
	pos      int    // next byte to take
	end      int    // where the window, or what Limits.Bytes allows of it, ends
	base     int64  // offset of buf[0] in the document
	maxBytes int64

	r       io.Reader // nil when in memory or fed
	readErr error     // what the reader said along with its last bytes
	eof     bool      // nothing comes after the window
	own     []byte    // our buffer: for the reader, or for bytes fed ahead of Next
	dropped int64     // bytes fed after the document was over
}

// window makes p the part of the document that follows what was taken so far.
func (in *input) window(p []byte) {
	in.base += int64(in.pos)
	in.buf, in.pos = p, 0
	in.end = int(min(int64(len(p)), in.maxBytes-in.base))
}

func (in *input) offset() int64 { return in.base + int64(in.pos) }

func (in *input) take() byte {
	b := in.buf[in.pos]
	in.pos++
	return b
}

// rest is all that is at hand.
func (in *input) rest() []byte { return in.buf[in.pos:in.end] }

// more gets the next window once this one is used up.
func (in *input) more() error {
	switch {
	case in.end < len(in.buf):
		return &SyntaxError{in.offset(), TooLarge, fmt.Sprintf("document is longer than %d bytes", in.maxBytes)}
	case in.eof:
		return &SyntaxError{in.offset(), Truncated, "document ends before its root element does"}
	case in.r == nil:
		return ErrMore
	}
	return in.read()
}

// read takes at least one byte from the reader, or says why there is none.
func (in *input) read() error {
	if in.own == nil {
		in.own = make([]byte, readSize)
	}
	own := in.own[:cap(in.own)]
	for range 100 { // as bufio does: a reader that gives neither bytes nor an error must not hang us
		if in.readErr != nil {
			return in.failedRead(in.readErr)
		}
		n, err := in.r.Read(own)
		in.window(own[:n])
		if in.eof = err == io.EOF; !in.eof {
			in.readErr = err // a reader need not say it twice: what came with the bytes must not be lost
		}
		switch {
		case in.pos < in.end:
			return nil
		case n > 0 || in.eof:
			return in.more()
		}
	}
	return in.failedRead(io.ErrNoProgress)
}

func (in *input) failedRead(err error) error {
	return fmt.Errorf("wbxml: byte %d: %w", in.offset(), err)
}

// Feed gives the next bytes of the document; it is used after ResetFeed. p is used in place and must stay as it is
// until Next says ErrMore. Best is to call Next until then before each Feed: what is left over otherwise is copied
// and kept. After the document's end or an error the bytes are dropped.
func (d *Decoder) Feed(p []byte) {
	if d.err != nil || d.state == finished {
		d.dropped += int64(len(p))
		return
	}
	if d.pos < len(d.buf) {
		d.own = append(append(d.own[:0], d.buf[d.pos:]...), p...)
		p = d.own
	}
	d.window(p)
}

// FeedEOF says that no more will be fed: what is still missing is then a Truncated error instead of ErrMore.
func (d *Decoder) FeedEOF() { d.eof = true }
