package wbxml

import (
	"fmt"
	"io"
)

// Decoder reads one document at a time. Call one of Reset, ResetReader and ResetFeed first. It may be kept as a value
// and used again and again; over documents in memory it allocates nothing. It is not for concurrent use.
type Decoder struct {
	input
	limits Limits
	state  state
	err    error // final, returned by every later call

	number   mbUint // the mb_u_int32 being read
	tableRef bool   // the public id is an offset into the string table ...
	publicID uint32 // ... this one
	left     uint32 // bytes that remain of an OPAQUE or of the string table
	textLen  int    // bytes of the STR_I so far

	page     byte
	depth    int // open elements, and how much of stack is in use
	stack    [ceilDepth]element
	elements int

	lastEmpty bool // the last token was a Start without content: Skip has nothing to do
	skipTo    int  // a Skip that waits for input goes on until this depth is left; 0 = none
}

// element remembers what End closes. Fixed room for the deepest document allowed means that depth costs no memory.
type element struct{ page, tag byte }

// state is where in the grammar the next byte stands.
type state uint8

const (
	atVersion state = iota
	atPublicID
	atPublicRef // a public id of 0 is followed by its place in the string table
	atCharset
	atTableLength
	inTable
	inBody
	atPage // the byte after SWITCH_PAGE
	inString
	atOpaqueLength
	inOpaque
	finished // after the root's END
)

// Reset makes d read doc, which must not change until d is done with it. Token.Data aliases doc.
func (d *Decoder) Reset(doc []byte, l Limits) {
	d.reset(l)
	d.window(doc)
	d.eof = true
}

// ResetReader makes d read from r, in pieces of some kilobytes and never past the piece that holds the root's END.
// An error of r, other than io.EOF, comes out of Next wrapped.
func (d *Decoder) ResetReader(r io.Reader, l Limits) {
	d.reset(l)
	d.r = r
}

// ResetFeed makes d read what will be given to Feed.
func (d *Decoder) ResetFeed(l Limits) { d.reset(l) }

func (d *Decoder) reset(l Limits) {
	own := d.own
	*d = Decoder{limits: l.clip()}
	d.own, d.maxBytes = own, d.limits.Bytes
}

// Next gives the next token. The error is io.EOF after the root's END, a *SyntaxError for a document that cannot
// be read, ErrMore when fed input is used up, or what the reader said. All but ErrMore are final.
func (d *Decoder) Next() (Token, error) {
	d.skipTo = 0 // whoever calls Next in the middle of a Skip wants to see the rest
	var tok Token
	err := d.next(&tok)
	return tok, err
}

// Skip reads to the End of the innermost open element, and takes that End too: after a Start it skips the element just
// started (nothing, if that was Empty). At ErrMore call Skip again, not Next. Skipped bytes are checked as
// any others.
func (d *Decoder) Skip() error {
	if d.skipTo == 0 {
		if d.lastEmpty {
			d.lastEmpty = false
			return nil
		}
		d.skipTo = d.depth
	}
	var tok Token
	for d.depth >= d.skipTo {
		if err := d.next(&tok); err != nil {
			return err
		}
	}
	d.skipTo = 0
	return nil
}

// Depth is the number of open elements.
func (d *Decoder) Depth() int { return d.depth }

// Trailing is the number of bytes that were seen after the root's END. They are tolerated: some servers pad. A reader
// is not read further only to count them.
func (d *Decoder) Trailing() int64 {
	if d.state != finished {
		return 0
	}
	return d.dropped + int64(len(d.buf)-d.pos)
}

// next runs the state machine until tok is a complete token. Each step takes at least one byte.
func (d *Decoder) next(tok *Token) error {
	for d.err == nil {
		if d.state == finished {
			return io.EOF
		}
		if d.pos == d.end {
			if err := d.more(); err == ErrMore {
				return ErrMore
			} else if err != nil {
				d.err = err
				break
			}
		}
		if d.step(tok) {
			d.lastEmpty = tok.Empty
			return nil
		}
	}
	return d.err
}

// step takes what stands at d.pos; d.pos < d.end. It says whether tok is filled. If not, the next step follows, or d.err.
func (d *Decoder) step(tok *Token) bool {
	switch d.state {
	case inBody:
		return d.bodyByte(tok)
	case inString:
		return d.stringPiece(tok)
	case inOpaque:
		return d.opaquePiece(tok)
	case atPage:
		d.page = d.take()
		d.state = inBody
	case atOpaqueLength:
		return d.opaqueLength(tok)
	default:
		d.headerStep()
	}
	return false
}

// fail ends the document. It gives false for the step that it ends.
func (d *Decoder) fail(offset int64, r Reason, format string, args ...any) bool {
	d.err = &SyntaxError{Offset: offset, Reason: r, Detail: fmt.Sprintf(format, args...)}
	return false
}
