package wbxml

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing/iotest"
)

// tester is what *testing.T, *testing.F and *rapid.T have in common.
type tester interface {
	Helper()
	Fatalf(format string, args ...any)
}

// event is a token with its pieces joined, so that the ways of reading can be compared.
type event struct {
	Kind      Kind
	Page, Tag byte
	Empty     bool
	Opaque    bool
	Data      string
	Offset    int64
}

// outcome is all that one way of reading tells about a document.
type outcome struct {
	events []event
	err    error // nil after the root's END
}

// collect reads to the end; more is called when the decoder asks for input.
func collect(d *Decoder, more func()) outcome {
	var o outcome
	var open *event // a text of which pieces are missing; dropped if they never come
	for {
		tok, err := d.Next()
		switch {
		case err == ErrMore:
			more()
			continue
		case err == io.EOF:
			return o
		case err != nil:
			o.err = err
			return o
		}
		if open == nil {
			open = &event{tok.Kind, tok.Page, tok.Tag, tok.Empty, tok.Opaque, "", tok.Offset}
		}
		open.Data += string(tok.Data)
		if !tok.More {
			o.events = append(o.events, *open)
			open = nil
		}
	}
}

func inMemory(doc []byte, l Limits) outcome {
	var d Decoder
	d.Reset(doc, l)
	return collect(&d, func() { panic("ErrMore over a whole document") })
}

func fromReader(r io.Reader, l Limits) outcome {
	var d Decoder
	d.ResetReader(r, l)
	return collect(&d, func() { panic("ErrMore over a reader") })
}

// fed pushes pieces whose lengths piece gives; each is overwritten after use, as a network buffer would be.
func fed(doc []byte, l Limits, piece func() int) outcome {
	var d Decoder
	d.ResetFeed(l)
	var buf []byte
	return collect(&d, func() {
		for i := range buf {
			buf[i] = 0xEE
		}
		n := min(piece(), len(doc))
		if n == 0 {
			d.FeedEOF()
			return
		}
		buf = append(buf[:0], doc[:n]...)
		doc = doc[n:]
		d.Feed(buf)
	})
}

// allModes reads doc in every way, cut in every way, and fails if they differ in a token, the error or its offset.
func allModes(t tester, doc []byte, l Limits, seed uint64) outcome {
	t.Helper()
	random := rand.New(rand.NewPCG(seed, 1))
	want := threeModes(t, doc, l, seed)
	for name, got := range map[string]outcome{
		"one byte reader":   fromReader(iotest.OneByteReader(bytes.NewReader(doc)), l),
		"data and EOF":      fromReader(iotest.DataErrReader(bytes.NewReader(doc)), l),
		"fed byte by byte":  fed(doc, l, func() int { return 1 }),
		"fed at once":       fed(doc, l, func() int { return max(1, len(doc)) }),
		"fed ahead of Next": fedAhead(doc, l, random),
	} {
		same(t, name, doc, got, want)
	}
	return want
}

// threeModes is the quick form for thousands of documents.
func threeModes(t tester, doc []byte, l Limits, seed uint64) outcome {
	t.Helper()
	random := rand.New(rand.NewPCG(seed, 2))
	want := inMemory(doc, l)
	same(t, "reader", doc, fromReader(bytes.NewReader(doc), l), want)
	same(t, "fed in pieces", doc, fed(doc, l, func() int { return 1 + random.IntN(20) }), want)
	return want
}

func same(t tester, mode string, doc []byte, got, want outcome) {
	t.Helper()
	if !slices.Equal(got.events, want.events) || fmt.Sprint(got.err) != fmt.Sprint(want.err) {
		t.Fatalf("%s differs for % x\n got %v, %v\nwant %v, %v", mode, doc, got.events, got.err, want.events, want.err)
	}
}

// fedAhead pushes several pieces before it looks, which the decoder has to join.
func fedAhead(doc []byte, l Limits, random *rand.Rand) outcome {
	var d Decoder
	d.ResetFeed(l)
	return collect(&d, func() {
		if len(doc) == 0 {
			d.FeedEOF()
		}
		for range 3 {
			n := min(random.IntN(5), len(doc))
			d.Feed(doc[:n])
			doc = doc[n:]
		}
	})
}

// reason gives the class of a syntax error, 0 for none.
func reason(t tester, err error) Reason {
	t.Helper()
	if err == nil {
		return 0
	}
	var syntax *SyntaxError
	if !errors.As(err, &syntax) {
		t.Fatalf("%v is not a *SyntaxError", err)
	}
	return syntax.Reason
}

// node is an element (children in kids) or, with isText, a run of text.
type node struct {
	page, tag byte
	isText    bool
	text      string
	kids      []*node
}

// tree joins adjacent texts and drops empty ones, as XML would.
func tree(events []event) *node {
	root := &node{}
	path := []*node{root}
	for _, e := range events {
		top := path[len(path)-1]
		switch {
		case e.Kind == Start:
			n := &node{page: e.Page, tag: e.Tag}
			top.kids = append(top.kids, n)
			if !e.Empty {
				path = append(path, n)
			}
		case e.Kind == End:
			path = path[:len(path)-1]
		case e.Data == "":
		case len(top.kids) > 0 && top.kids[len(top.kids)-1].isText:
			top.kids[len(top.kids)-1].text += e.Data
		default:
			top.kids = append(top.kids, &node{isText: true, text: e.Data})
		}
	}
	return root.kids[0]
}

// String prints a tree in one line: 13:05[13:08["480"]].
func (n *node) String() string { return string(n.appendTo(nil)) }

func (n *node) appendTo(b []byte) []byte {
	if n.isText {
		return strconv.AppendQuote(b, n.text)
	}
	b = fmt.Appendf(b, "%d:%02X", n.page, n.tag)
	for i, k := range n.kids {
		if i == 0 {
			b = append(b, '[')
		} else {
			b = append(b, ' ')
		}
		b = k.appendTo(b)
	}
	if len(n.kids) > 0 {
		b = append(b, ']')
	}
	return b
}
