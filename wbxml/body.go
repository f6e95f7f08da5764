package wbxml

import "bytes"

// bodyByte takes a tag or a global token.
func (d *Decoder) bodyByte(tok *Token) bool {
	at, b := d.offset(), d.take()
	switch {
	case b&tagMask >= firstTag:
		return d.start(tok, at, b)
	case b == tokSwitchPage:
		d.state = atPage
	case b == tokEnd:
		return d.endElement(tok, at)
	case b == tokStrI, b == tokOpaque:
		d.text(at, b)
	default:
		return d.fail(at, GlobalToken, "token %s (0x%02X) is never used by ActiveSync", unusedGlobals[b], b)
	}
	return false
}

// start opens an element, or passes one that has no content.
func (d *Decoder) start(tok *Token, at int64, b byte) bool {
	d.elements++
	empty := b&contentBit == 0
	switch {
	case b&attributeBit != 0:
		return d.fail(at, Attributes, "tag 0x%02X has attributes, which ActiveSync never uses", b)
	case d.elements > d.limits.Elements:
		return d.fail(at, TooManyElements, "more than %d elements", d.limits.Elements)
	case !empty && d.depth == d.limits.Depth:
		return d.fail(at, TooDeep, "elements nested deeper than %d", d.limits.Depth)
	}
	el := element{d.page, b & tagMask}
	if !empty {
		d.stack[d.depth] = el
		d.depth++
	} else if d.depth == 0 {
		d.state = finished
	}
	*tok = Token{Kind: Start, Page: el.page, Tag: el.tag, Empty: empty, Offset: at}
	return true
}

// endElement closes the innermost element; with the root the document is over. The page stays as it is: SWITCH_PAGE
// holds until the next one, not until the element's END (WAP-192-WBXML 5.8.4.7.2).
func (d *Decoder) endElement(tok *Token, at int64) bool {
	if d.depth == 0 {
		return d.fail(at, Structure, "END before any element")
	}
	d.depth--
	el := d.stack[d.depth]
	if d.depth == 0 {
		d.state = finished
	}
	*tok = Token{Kind: End, Page: el.page, Tag: el.tag, Offset: at}
	return true
}

// text turns to the string that follows its token.
func (d *Decoder) text(at int64, b byte) {
	switch {
	case d.depth == 0:
		d.fail(at, Structure, "text before any element")
	case b == tokStrI:
		d.textLen, d.state = 0, inString
	default:
		d.state = atOpaqueLength
	}
}

// stringPiece gives what is at hand of an STR_I. The terminating zero is looked for only as far as the limit goes.
func (d *Decoder) stringPiece(tok *Token) bool {
	room := d.limits.Text - d.textLen
	at, p := d.offset(), d.rest()
	if len(p) > room {
		p = p[:room+1]
	}
	n := bytes.IndexByte(p, 0)
	if n < 0 && len(p) > room {
		return d.fail(at-int64(d.textLen), TextTooLong, "string is longer than %d bytes", d.limits.Text)
	}
	if n < 0 {
		d.pos += len(p)
		d.textLen += len(p)
		return d.textToken(tok, at, p, false, true)
	}
	d.pos += n + 1
	d.state = inBody
	return d.textToken(tok, at, p[:n], false, false)
}

// opaqueLength takes one byte of an OPAQUE's length. The length only counts down; nothing is allocated from it.
func (d *Decoder) opaqueLength(tok *Token) bool {
	n, done := d.mbUint()
	switch {
	case !done:
		return false
	case int64(n) > int64(d.limits.Text):
		return d.fail(d.number.at, TextTooLong, "opaque data of %d bytes is longer than %d", n, d.limits.Text)
	case n == 0: // complete without another byte, which may never come
		d.state = inBody
		return d.textToken(tok, d.offset(), nil, true, false)
	}
	d.left, d.state = n, inOpaque
	return false
}

// opaquePiece gives what is at hand of an OPAQUE.
func (d *Decoder) opaquePiece(tok *Token) bool {
	at, p := d.offset(), d.rest()
	if int64(len(p)) >= int64(d.left) {
		p = p[:d.left]
		d.state = inBody
	}
	d.pos += len(p)
	d.left -= uint32(len(p))
	return d.textToken(tok, at, p, true, d.left > 0)
}

func (d *Decoder) textToken(tok *Token, at int64, p []byte, opaque, more bool) bool {
	el := d.stack[d.depth-1]
	*tok = Token{Kind: Text, Page: el.page, Tag: el.tag, Opaque: opaque, More: more, Data: p, Offset: at}
	return true
}
