package eas

import (
	"errors"
	"fmt"
	"io"

	"github.com/diastole/diastole/wbxml"
)

// ErrDocument is wrapped by the error for a body that is WBXML but another
// document than its command says. SOGo goes by the document and not by Cmd, so
// such a request is not harmless and must pass as it came.
var ErrDocument = errors.New("the body is another document")

const (
	// maxPath is how deep anything lies that a visitor wants to know: Sync,
	// Collections, Collection, Commands, Change, ApplicationData, Email:Read.
	maxPath = 7

	// maxLeaf bounds one text of a stream. Sync keys and ids have up to 64
	// characters (MS-ASCMD 2.2.3.30.6), SOGo's some more; mail bodies are text
	// too and may have any length.
	maxLeaf = 1 << 10
)

// visitor is told what a document holds, element by element.
type visitor interface {
	start(path []tag)           // the last of path begins, inside the others
	end(path []tag, text *leaf) // the last of path ends
}

// leaf is the text of an element that has no children.
type leaf struct {
	text   []byte // joined, if the sender split it; of a stream valid during the call only
	offset int    // of its first byte in the document
	plain  bool   // it is one STR_I, so it stands in the document as it is
	cut    bool   // it was longer than maxLeaf: text is not all of it
}

// walker leads a visitor through a document with a certain root. It skips what
// lies deeper than maxPath, and knows neither recursion nor lists, so a
// document can make it neither slow nor large.
type walker struct {
	dec    wbxml.Decoder
	root   tag
	stream bool // texts must be copied: the piece they stand in will be gone

	depth int // open elements, all of them
	path  [maxPath]tag

	leaf   leaf
	nested bool   // an element was closed here: this is no leaf, text around children is nobody's
	pieces int    // tokens that make up leaf
	buf    []byte // texts that were split, or the one of a stream
	joined int    // where in buf leaf's text begins
}

// inMemory makes ready to walk through all of doc. Texts alias doc.
func (w *walker) inMemory(doc []byte, root tag, l wbxml.Limits) {
	w.reset(root)
	w.stream = false
	w.dec.Reset(doc, l)
}

// inPieces makes ready to walk through a stream of any size.
func (w *walker) inPieces(root tag) {
	w.reset(root)
	w.stream = true
	// Nothing here grows with the document, so the limits are the highest that
	// there are: a Sync may carry attachments of any size.
	w.dec.ResetFeed(wbxml.Limits{Bytes: 1 << 62, Text: 1 << 62, Elements: 1 << 62})
}

func (w *walker) reset(root tag) {
	w.root, w.depth, w.buf = root, 0, w.buf[:0]
}

// run leads v on until the document ends (nil), wbxml.ErrMore, or an error.
func (w *walker) run(v visitor) error {
	for {
		t, err := w.dec.Next()
		switch {
		case err == io.EOF:
			return nil
		case err == wbxml.ErrMore:
			return err
		case err != nil:
			return fmt.Errorf("eas: %s: %w", w.root, err)
		}
		switch t.Kind {
		case wbxml.Start:
			if w.depth == 0 && tagOf(t) != w.root {
				return fmt.Errorf("eas: %s was expected, found %s: %w", w.root, tagOf(t), ErrDocument)
			}
			w.open(tagOf(t), v)
			if t.Empty {
				w.close(v)
			}
		case wbxml.Text:
			w.gather(t)
		case wbxml.End:
			w.close(v)
		}
	}
}

func (w *walker) open(t tag, v visitor) {
	w.depth++
	w.leaf, w.nested, w.pieces = leaf{}, false, 0
	if w.depth <= maxPath {
		w.path[w.depth-1] = t
		v.start(w.path[:w.depth])
	}
}

func (w *walker) close(v visitor) {
	if w.depth <= maxPath {
		v.end(w.path[:w.depth], &w.leaf)
	}
	w.depth--
	w.leaf, w.nested = leaf{}, true
}

// gather adds one piece of text. STR_I, STR_I, OPAQUE in one element mean
// their concatenation.
func (w *walker) gather(t wbxml.Token) {
	if w.nested || w.depth > maxPath {
		return
	}
	w.pieces++
	switch {
	case w.stream:
		if w.pieces == 1 {
			w.buf = w.buf[:0]
		}
		n := min(len(t.Data), maxLeaf-len(w.buf))
		w.buf = append(w.buf, t.Data[:n]...)
		w.leaf.text = w.buf
		w.leaf.cut = w.leaf.cut || n < len(t.Data)
	case w.pieces == 1:
		w.leaf = leaf{text: t.Data, offset: int(t.Offset), plain: !t.Opaque}
	default:
		if w.pieces == 2 {
			w.joined = len(w.buf)
			w.buf = append(w.buf, w.leaf.text...)
		}
		w.buf = append(w.buf, t.Data...)
		w.leaf.text = w.buf[w.joined:len(w.buf):len(w.buf)]
		w.leaf.plain = false
	}
}
