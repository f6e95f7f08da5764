package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"github.com/diastole/diastole/wbxml"
	"github.com/diastole/diastole/wbxml/eas"
)

// printElements prints a document as one JSON object an element: its code page, its tag,
// and its content in order, which are strings, elements, and {"base64": ...} for bytes that are no
// text. Of a broken document it is the part before the fault, closed so that it can be read.
func printElements(w io.Writer, d *wbxml.Decoder) error {
	var all elements
	broken := all.read(d)
	if len(all.piece) > 0 {
		all.content()
	}
	for range all.filled {
		all.end()
	}
	var indented bytes.Buffer
	if all.text.Len() > 0 {
		if err := json.Indent(&indented, all.text.Bytes(), "", "  "); err != nil {
			return err
		}
		indented.WriteByte('\n')
	}
	if err := writeJSON(w, indented.Bytes()); err != nil {
		return fmt.Errorf("printing the document: %w", err)
	}
	return broken
}

// elements is a document while it becomes JSON.
type elements struct {
	text   bytes.Buffer
	filled []bool // of the open elements, whether there is something in them
	piece  []byte // of a text whose other pieces are to come
}

func (e *elements) read(d *wbxml.Decoder) error {
	for {
		tok, err := d.Next()
		switch {
		case errors.Is(err, io.EOF) && d.Depth() == 0:
			return nil
		case err != nil:
			return err
		}
		switch tok.Kind {
		case wbxml.Start:
			e.start(tok)
		case wbxml.Text:
			e.piece = append(e.piece, tok.Data...)
			if !tok.More {
				e.content()
			}
		case wbxml.End:
			e.end()
		}
	}
}

func (e *elements) start(tok wbxml.Token) {
	page, tag, _ := eas.TagName(tok.Page, tok.Tag)
	if page == "" {
		page = fmt.Sprintf("page%d", tok.Page)
	}
	if tag == "" {
		tag = fmt.Sprintf("x%02X", tok.Tag)
	}
	e.next()
	fmt.Fprintf(&e.text, `{"page":%q,"tag":%q,"content":[`, page, tag)
	if e.filled = append(e.filled, false); tok.Empty {
		e.end()
	}
}

// next separates what comes from what is there.
func (e *elements) next() {
	if last := len(e.filled) - 1; last >= 0 {
		if e.filled[last] {
			e.text.WriteByte(',')
		}
		e.filled[last] = true
	}
}

func (e *elements) content() {
	var value any = string(e.piece)
	if !utf8.Valid(e.piece) {
		value = map[string][]byte{"base64": e.piece} // as encoding/json writes bytes
	}
	e.next()
	text, _ := json.Marshal(value) // strings and bytes always can be
	e.text.Write(text)
	e.piece = e.piece[:0]
}

func (e *elements) end() {
	e.text.WriteString("]}")
	e.filled = e.filled[:len(e.filled)-1]
}
