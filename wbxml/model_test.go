package wbxml

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"
)

// genNode draws an element: few distinct pages, so that runs without a switch are common too.
func genNode(t *rapid.T, depth int) *node {
	n := &node{
		page: rapid.SampledFrom([]byte{0, 0, 13, 17, 25, 99, 255}).Draw(t, "page"),
		tag:  rapid.ByteRange(firstTag, tagMask).Draw(t, "tag"),
	}
	kids := 0
	if depth < 12 {
		kids = rapid.IntRange(0, 4).Draw(t, "kids")
	}
	for range kids {
		last := len(n.kids) - 1
		if afterText := last >= 0 && n.kids[last].isText; !afterText && rapid.Bool().Draw(t, "text?") {
			text := rapid.SliceOfN(rapid.Byte(), 1, 40).Draw(t, "text")
			n.kids = append(n.kids, &node{isText: true, text: string(text)})
			continue
		}
		n.kids = append(n.kids, genNode(t, depth+1))
	}
	return n
}

// writeTree writes a tree with our encoder.
func writeTree(e *Encoder, n *node) {
	switch {
	case n.isText && bytes.IndexByte([]byte(n.text), 0) >= 0:
		e.Opaque([]byte(n.text))
	case n.isText:
		e.Text(n.text)
	case len(n.kids) == 0:
		e.Empty(n.page, n.tag)
	default:
		e.Start(n.page, n.tag)
		for _, k := range n.kids {
			writeTree(e, k)
		}
		e.End()
	}
}

func TestWhatIsWrittenIsReadBackInEveryMode(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := genNode(t, 0)
		e := AppendTo(nil)
		writeTree(&e, want)
		var out bytes.Buffer
		w := NewEncoder(&out)
		writeTree(w, want)
		if err := w.Flush(); err != nil || e.Err() != nil || !bytes.Equal(out.Bytes(), e.Bytes()) {
			t.Fatalf("the two encoders differ: %v, %v\n% x\n% x", err, e.Err(), out.Bytes(), e.Bytes())
		}
		got := allModes(t, e.Bytes(), Limits{}, rapid.Uint64().Draw(t, "seed"))
		if got.err != nil || tree(got.events).String() != want.String() {
			t.Fatalf("%v\n got %v\nwant %v", got.err, tree(got.events), want)
		}
	})
}

// wild writes a tree in any of the forms that are tolerated.
type wild struct {
	*rapid.T
	b    []byte
	page byte
}

func (w *wild) chance() bool { return rapid.IntRange(0, 5).Draw(w.T, "oddity") == 0 }

// switches writes redundant pages, and last the one that is needed.
func (w *wild) switches(page byte) {
	for w.chance() {
		w.page = rapid.Byte().Draw(w.T, "page")
		w.b = append(w.b, tokSwitchPage, w.page)
	}
	if w.page != page || w.chance() {
		w.b = append(w.b, tokSwitchPage, page)
		w.page = page
	}
}

// number writes an mb_u_int32, sometimes with leading zero groups.
func (w *wild) number(v uint32) {
	short := appendMbUint(nil, v)
	if w.chance() {
		zeros := rapid.IntRange(0, 5-len(short)).Draw(w.T, "zeros")
		w.b = append(w.b, bytes.Repeat([]byte{0x80}, zeros)...)
	}
	w.b = append(w.b, short...)
}

// header writes one of the legal headers, with a string table that is not used or only by the public id.
func (w *wild) header() {
	table := rapid.SliceOfN(rapid.Byte(), 0, 200).Draw(w.T, "table")
	w.b = append(w.b, rapid.ByteRange(1, 3).Draw(w.T, "version"))
	if len(table) > 0 && w.chance() {
		w.number(0)
		w.number(uint32(rapid.IntRange(0, len(table)-1).Draw(w.T, "public id")))
	} else {
		w.number(1)
	}
	w.number(rapid.SampledFrom([]uint32{charsetUTF8, charsetUnknown}).Draw(w.T, "charset"))
	w.number(uint32(len(table)))
	w.b = append(w.b, table...)
}

// text writes a text in one part or more, each STR_I or OPAQUE, with pages switched between.
func (w *wild) text(s string) {
	for s != "" || w.chance() {
		n := len(s)
		if w.chance() {
			n = rapid.IntRange(0, len(s)).Draw(w.T, "cut")
		}
		part := s[:n]
		s = s[n:]
		for w.chance() {
			w.switches(rapid.Byte().Draw(w.T, "page"))
		}
		if bytes.IndexByte([]byte(part), 0) >= 0 || w.chance() {
			w.b = append(w.b, tokOpaque)
			w.number(uint32(n))
			w.b = append(w.b, part...)
			continue
		}
		w.b = append(append(append(w.b, tokStrI), part...), 0)
	}
}

func (w *wild) element(n *node) {
	w.switches(n.page)
	if len(n.kids) == 0 && !w.chance() {
		w.b = append(w.b, n.tag)
		return
	}
	w.b = append(w.b, n.tag|contentBit)
	for _, k := range n.kids {
		if k.isText {
			w.text(k.text)
		} else {
			w.element(k)
		}
	}
	w.switches(w.page)
	w.b = append(w.b, tokEnd)
}

func TestEveryToleratedFormOfATreeIsTheSameTree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := genNode(t, 0)
		w := wild{T: t}
		w.header()
		w.element(want)
		w.b = append(w.b, rapid.SliceOfN(rapid.Byte(), 0, 20).Draw(t, "trailing")...)
		got := allModes(t, w.b, Limits{}, rapid.Uint64().Draw(t, "seed"))
		if got.err != nil || tree(got.events).String() != want.String() {
			t.Fatalf("% x: %v\n got %v\nwant %v", w.b, got.err, tree(got.events), want)
		}
	})
}

// A document that is cut off anywhere is truncated, never something else and never whole.
func TestEveryPrefixOfADocumentIsTruncated(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := wild{T: t}
		w.header()
		w.element(genNode(t, 9))
		n := rapid.IntRange(0, len(w.b)-1).Draw(t, "length")
		got := allModes(t, w.b[:n], Limits{}, 1)
		if reason(t, got.err) != Truncated || got.err.(*SyntaxError).Offset != int64(n) {
			t.Fatalf("% x of % x: %v", w.b[:n], w.b, got.err)
		}
	})
}
