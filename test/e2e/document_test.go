package e2e

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/diastole/diastole/wbxml"
	"github.com/diastole/diastole/wbxml/eas"
)

// An element of a WBXML document, named as in eas.py: "Ping:Status".
type element struct {
	name     string
	text     []byte
	opaque   bool
	children []*element
}

// el makes an element of strings (text), byte slices (opaque) and elements.
func el(name string, content ...any) *element {
	e := &element{name: name}
	for _, c := range content {
		switch c := c.(type) {
		case string:
			e.text = []byte(c)
		case []byte:
			e.text, e.opaque = c, true
		case *element:
			e.children = append(e.children, c)
		}
	}
	return e
}

func (e *element) encode() []byte {
	out := wbxml.AppendTo(nil)
	e.put(&out)
	if err := out.Err(); err != nil {
		panic(fmt.Sprintf("the test wrote a bad document: %v", err))
	}
	return out.Bytes()
}

func (e *element) put(out *wbxml.Encoder) {
	ns, name, _ := strings.Cut(e.name, ":")
	page, tag, ok := eas.Lookup(ns, name)
	if !ok {
		panic("no such element: " + e.name)
	}
	if e.text == nil && e.children == nil {
		out.Empty(page, tag)
		return
	}
	out.Start(page, tag)
	if e.opaque {
		out.Opaque(e.text)
	} else if e.text != nil {
		out.Text(string(e.text))
	}
	for _, child := range e.children {
		child.put(out)
	}
	out.End()
}

// decode reads a whole document, also one that carries a 20 MiB attachment.
func decode(body []byte) (*element, error) {
	var d wbxml.Decoder
	d.Reset(body, wbxml.Limits{Bytes: 64 << 20, Text: 64 << 20})
	top := &element{}
	open := []*element{top}
	for {
		tok, err := d.Next()
		if errors.Is(err, io.EOF) {
			return top.children[0], nil
		}
		if err != nil {
			return nil, err
		}
		last := open[len(open)-1]
		switch tok.Kind {
		case wbxml.Start:
			ns, name, _ := eas.TagName(tok.Page, tok.Tag)
			child := &element{name: ns + ":" + name}
			last.children = append(last.children, child)
			if !tok.Empty {
				open = append(open, child)
			}
		case wbxml.Text:
			last.text = append(last.text, tok.Data...)
		case wbxml.End:
			open = open[:len(open)-1]
		}
	}
}

// all gives the texts of every element of that name, in order.
func (e *element) all(name string) (texts []string) {
	if e == nil {
		return nil
	}
	if e.name == name {
		texts = append(texts, string(e.text))
	}
	for _, child := range e.children {
		texts = append(texts, child.all(name)...)
	}
	return texts
}

// get gives the text of the first element of that name, "" if there is none.
func (e *element) get(name string) string {
	if texts := e.all(name); len(texts) > 0 {
		return texts[0]
	}
	return ""
}

// find gives the first element of that name, or nil.
func (e *element) find(name string) *element {
	if e == nil || e.name == name {
		return e
	}
	for _, child := range e.children {
		if found := child.find(name); found != nil {
			return found
		}
	}
	return nil
}

// String prints a document for a failure message.
func (e *element) String() string {
	if e == nil {
		return "(no document)"
	}
	var out bytes.Buffer
	var d wbxml.Decoder
	d.Reset(e.encode(), wbxml.Limits{})
	if err := eas.WriteXML(&out, &d); err != nil {
		return err.Error()
	}
	return out.String()
}
