package wbxml

import (
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
)

// header is what every ActiveSync document starts with (WAP-192-WBXML 5.4 to 5.7): WBXML 1.3, public id unknown, UTF-8,
// no string table.
const header = "\x03\x01\x6A\x00"

// flushSize is how much an encoder over a writer gathers before it writes.
const flushSize = 4 << 10

// Encoder writes one document in the form that the strictest known reader (Z-Push) takes: the header 03 01 6A 00,
// SWITCH_PAGE only where the page changes, text as STR_I.
//
// A mistake (End without Start, text outside the root, a tag out of range) is remembered: what follows is not
// written, and Err and Flush give it.
type Encoder struct {
	w     io.Writer // nil when appending
	buf   []byte
	page  byte
	depth int
	over  bool // the root was closed
	err   error
}

// AppendTo gives an encoder that appends a document to dst; Bytes gives the result.
func AppendTo(dst []byte) Encoder { return Encoder{buf: append(dst, header...)} }

// NewEncoder gives an encoder that writes to w; call Flush at the end.
func NewEncoder(w io.Writer) *Encoder { return &Encoder{w: w, buf: []byte(header)} }

// Start opens an element; End closes it.
func (e *Encoder) Start(page, tag byte) {
	if e.tag(page, tag, contentBit) {
		e.depth++
	}
}

// Empty writes an element without content.
func (e *Encoder) Empty(page, tag byte) {
	if e.tag(page, tag, 0) {
		e.over = e.depth == 0
	}
}

// End closes the innermost element.
func (e *Encoder) End() {
	if e.depth == 0 {
		e.fail("End without Start")
	}
	if e.err != nil {
		return
	}
	e.buf = append(e.buf, tokEnd)
	e.depth--
	e.over = e.depth == 0
	e.spill()
}

// Text writes s as STR_I. A zero byte would end the string on the wire in the middle, and what follows it would be
// read as tags: it is an error. Use Opaque for binary data.
func (e *Encoder) Text(s string) {
	if strings.IndexByte(s, 0) >= 0 {
		e.fail("text holds a zero byte; write it as Opaque")
	}
	if !e.inElement("Text") {
		return
	}
	e.buf = append(e.buf, tokStrI)
	e.buf = append(e.buf, s...)
	e.buf = append(e.buf, 0)
	e.spill()
}

// Opaque writes p as OPAQUE, the form of MIME bodies and binary ids.
func (e *Encoder) Opaque(p []byte) {
	if int64(len(p)) > math.MaxUint32 {
		e.fail("opaque data is longer than an mb_u_int32 can say")
	}
	if !e.inElement("Opaque") {
		return
	}
	e.buf = append(e.buf, tokOpaque)
	e.buf = appendMbUint(e.buf, uint32(len(p)))
	e.buf = append(e.buf, p...)
	e.spill()
}

// Leaf writes an element that holds only text: Start, Text, End. An empty s gives an empty element.
func (e *Encoder) Leaf(page, tag byte, s string) {
	if s == "" {
		e.Empty(page, tag)
		return
	}
	e.Start(page, tag)
	e.Text(s)
	e.End()
}

// Bytes gives dst with what was appended. It is a whole document only if Err is nil.
func (e *Encoder) Bytes() []byte { return e.buf }

// Err gives the first mistake or failed write, or says that the document is not closed.
func (e *Encoder) Err() error {
	if e.err == nil && !e.over {
		return fmt.Errorf("wbxml: encode: document is not complete: %d elements open", e.depth)
	}
	return e.err
}

// Flush writes what was gathered to the writer and gives Err.
func (e *Encoder) Flush() error {
	e.write()
	return e.Err()
}

// tag writes one tag byte, and the page before it if that changes.
func (e *Encoder) tag(page, tag, bits byte) bool {
	switch {
	case tag < firstTag || tag > tagMask:
		e.fail(fmt.Sprintf("0x%02X is no tag (0x05 to 0x3F)", tag))
	case e.over:
		e.fail("a second root element")
	}
	if e.err != nil {
		return false
	}
	if page != e.page {
		e.buf = append(e.buf, tokSwitchPage, page)
		e.page = page
	}
	e.buf = append(e.buf, tag|bits)
	e.spill()
	return true
}

func (e *Encoder) inElement(what string) bool {
	if e.depth == 0 {
		e.fail(what + " outside of an element")
	}
	return e.err == nil
}

func (e *Encoder) fail(what string) {
	if e.err == nil {
		e.err = errors.New("wbxml: encode: " + what)
	}
}

// spill keeps the buffer of an encoder over a writer small.
func (e *Encoder) spill() {
	if len(e.buf) >= flushSize {
		e.write()
	}
}

func (e *Encoder) write() {
	if e.w == nil || e.err != nil || len(e.buf) == 0 {
		return
	}
	if _, err := e.w.Write(e.buf); err != nil {
		e.err = fmt.Errorf("wbxml: encode: %w", err)
	}
	e.buf = e.buf[:0]
}
