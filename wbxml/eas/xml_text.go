package eas

import (
	"bufio"
	"fmt"
	"unicode"
	"unicode/utf8"

	"github.com/diastole/diastole/wbxml"
)

// sniffLength is how much of an OPAQUE decides whether it is text. It is gathered over pieces, so that a document
// prints the same however its bytes arrive.
const sniffLength = 512

// textWriter prints the text of one element. Text may be cut anywhere, also inside a character: between the pieces of a
// string, and between the STR_I and OPAQUE tokens of one element, which together are one text.
type textWriter struct {
	w     *bufio.Writer
	cut   []byte // first bytes of a character whose rest has not come
	sniff []byte // first bytes of an OPAQUE that is not decided yet
	mode  opaqueMode
}

type opaqueMode uint8

const (
	undecided opaqueMode = iota
	asText
	asHex // its comment is open
)

// token prints one Text token.
func (t *textWriter) token(tok wbxml.Token) {
	if !tok.Opaque {
		t.characters(tok.Data)
		return
	}
	p := tok.Data
	if t.mode == undecided {
		n := min(len(p), sniffLength-len(t.sniff))
		t.sniff = append(t.sniff, p[:n]...)
		p = p[n:]
		if tok.More && len(t.sniff) < sniffLength {
			return
		}
		t.decide(tok.More || len(p) > 0)
	}
	t.opaque(p)
	if !tok.More {
		t.endOpaque()
	}
}

// finish prints what is left over when the element, or the whole document, ends.
func (t *textWriter) finish() {
	if len(t.sniff) > 0 {
		t.decide(true)
	}
	t.endOpaque()
	t.flushCut()
}

// decide turns an OPAQUE into text or hex by its first bytes, and prints those.
func (t *textWriter) decide(more bool) {
	t.mode = asText
	if !readsAsText(t.sniff, more) {
		t.flushCut()
		t.w.WriteString("<!--opaque:")
		t.mode = asHex
	}
	t.opaque(t.sniff)
	t.sniff = t.sniff[:0]
}

func (t *textWriter) opaque(p []byte) {
	if t.mode == asHex {
		fmt.Fprintf(t.w, "%x", p)
		return
	}
	t.characters(p)
}

func (t *textWriter) endOpaque() {
	if t.mode == asHex {
		t.w.WriteString("-->")
	}
	t.mode = undecided
}

// characters prints p and keeps a character that is cut off at its end.
func (t *textWriter) characters(p []byte) {
	for len(t.cut) > 0 && len(p) > 0 {
		t.cut = append(t.cut, p[0])
		p = p[1:]
		t.cut = t.whole(t.cut)
	}
	if len(p) > 0 {
		t.cut = append(t.cut[:0], t.whole(p)...)
	}
}

// whole prints all complete characters of p and gives what is left.
func (t *textWriter) whole(p []byte) []byte {
	for len(p) > 0 && utf8.FullRune(p) {
		r, n := utf8.DecodeRune(p)
		t.character(r, p[:n])
		p = p[n:]
	}
	return p
}

// flushCut gives up waiting for the rest of a character.
func (t *textWriter) flushCut() {
	t.foreign(t.cut)
	t.cut = t.cut[:0]
}

// character prints one character; raw is its bytes.
func (t *textWriter) character(r rune, raw []byte) {
	switch {
	case r == '&':
		t.w.WriteString("&amp;")
	case r == '<':
		t.w.WriteString("&lt;")
	case r == '>':
		t.w.WriteString("&gt;")
	case r == '\n' || r == '\t':
		t.w.Write(raw)
	case r == utf8.RuneError && len(raw) == 1, r == 0xFFFE, r == 0xFFFF, r < ' ' && r != '\r':
		t.foreign(raw)
	case unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp):
		// Also what turns the direction of writing around: it would show an address other than the one that stands there.
		fmt.Fprintf(t.w, "&#x%X;", r)
	default:
		t.w.Write(raw)
	}
}

// foreign prints bytes that no XML document may hold, not even escaped (XML 1.0, 2.2).
func (t *textWriter) foreign(raw []byte) {
	for _, b := range raw {
		fmt.Fprintf(t.w, "<!--x%02X-->", b)
	}
}

// readsAsText says whether p reads as text. With more to come its last character may be cut off.
func readsAsText(p []byte, more bool) bool {
	for len(p) > 0 {
		r, n := utf8.DecodeRune(p)
		switch {
		case r == utf8.RuneError && n == 1:
			return more && !utf8.FullRune(p)
		case unicode.IsControl(r) && r != '\n' && r != '\r' && r != '\t':
			return false
		}
		p = p[n:]
	}
	return true
}
