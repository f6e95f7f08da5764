package eas

import (
	"bufio"
	"errors"
	"fmt"
	"io"

	"github.com/diastole/diastole/wbxml"
)

// WriteXML prints the document that d reads as XML for people: one element a line, indented, xmlns where the code page
// changes, text beside its tag. An unknown tag is printed as <x0A>, an unknown page as xmlns="page99".
//
// Bytes that XML cannot hold stand in comments: <!--x1B--> in text, <!--opaque:00ff...--> for OPAQUE that is
// not text. Control and formatting characters are escaped, so that a hostile document cannot drive a terminal.
//
// It streams, so a document of any size takes constant memory; d comes from Reset or ResetReader. On an error all that
// was read until then is written, with its elements left open, and the error is returned: a *wbxml.SyntaxError says
// the offset.
func WriteXML(w io.Writer, d *wbxml.Decoder) error {
	x := xmlWriter{w: bufio.NewWriter(w)}
	x.text.w = x.w
	err := x.document(d)
	x.lastLine()
	if failed := x.w.Flush(); failed != nil {
		return fmt.Errorf("write XML: %w", failed)
	}
	return err
}

// maxIndent is the deepest indentation: a million empty elements at depth 256 would otherwise become half a gigabyte
// of blanks. Real documents have a depth of 10.
const maxIndent = 32

// xmlWriter lays out the tokens. Write errors stick in the bufio.Writer and come out at Flush.
type xmlWriter struct {
	w      *bufio.Writer
	text   textWriter
	pages  []byte // of the open elements
	begun  bool   // something was written
	open   bool   // "<Name" stands there and may still become "<Name/>"
	inline bool   // text was the last thing: the end tag stays on its line
}

func (x *xmlWriter) document(d *wbxml.Decoder) error {
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
			x.start(tok)
		case wbxml.Text:
			x.textToken(tok)
		case wbxml.End:
			x.end(tok)
		}
	}
}

func (x *xmlWriter) start(tok wbxml.Token) {
	x.settle()
	x.newLine()
	ns, name := xmlName(tok.Page, tok.Tag)
	fmt.Fprintf(x.w, "<%s", name)
	if n := len(x.pages); n == 0 || x.pages[n-1] != tok.Page {
		fmt.Fprintf(x.w, " xmlns=%q", ns)
	}
	x.begun, x.inline = true, false
	if tok.Empty {
		x.w.WriteString("/>")
		return
	}
	x.pages = append(x.pages, tok.Page)
	x.open = true
}

func (x *xmlWriter) textToken(tok wbxml.Token) {
	if len(tok.Data) > 0 {
		x.closeTag()
		x.inline = true
	}
	x.text.token(tok)
}

func (x *xmlWriter) end(tok wbxml.Token) {
	x.text.finish()
	x.pages = x.pages[:len(x.pages)-1]
	if x.open {
		x.w.WriteString("/>")
		x.open = false
		return
	}
	if !x.inline {
		x.newLine()
	}
	_, name := xmlName(tok.Page, tok.Tag)
	fmt.Fprintf(x.w, "</%s>", name)
	x.inline = false
}

// settle completes what stands before a new element.
func (x *xmlWriter) settle() {
	x.text.finish()
	x.closeTag()
}

func (x *xmlWriter) closeTag() {
	if x.open {
		x.w.WriteByte('>')
		x.open = false
	}
}

func (x *xmlWriter) newLine() {
	if !x.begun {
		return
	}
	x.w.WriteByte('\n')
	for range min(len(x.pages), maxIndent) {
		x.w.WriteString("  ")
	}
}

func (x *xmlWriter) lastLine() {
	x.settle()
	if x.begun {
		x.w.WriteByte('\n')
	}
}

// xmlName names any tag, known or not.
func xmlName(page, tag byte) (ns, name string) {
	ns, name, _ = TagName(page, tag)
	if ns == "" {
		ns = fmt.Sprintf("page%d", page)
	}
	if name == "" {
		name = fmt.Sprintf("x%02X", tag)
	}
	return ns, name
}
