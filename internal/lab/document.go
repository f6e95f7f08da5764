package lab

import (
	"errors"
	"io"
	"strings"

	"github.com/diastole/diastole/wbxml"
)

// node is one element of a WBXML document.
type node struct {
	tag  tag
	text []byte
	raw  bool // text is OPAQUE
	kids []*node
}

// el makes an element that holds others; nil ones are left out.
func el(t tag, kids ...*node) *node {
	n := &node{tag: t}
	return n.add(kids...)
}

// leaf makes an element that holds text.
func leaf(t tag, text string) *node { return &node{tag: t, text: []byte(text)} }

func (n *node) add(kids ...*node) *node {
	for _, k := range kids {
		if k != nil {
			n.kids = append(n.kids, k)
		}
	}
	return n
}

// child gives the first child of that name. It is nil for a nil node too, so that paths can be walked without looking.
func (n *node) child(path ...tag) *node {
	for _, t := range path {
		n = n.first(t)
	}
	return n
}

func (n *node) first(t tag) *node {
	if n != nil {
		for _, k := range n.kids {
			if k.tag == t {
				return k
			}
		}
	}
	return nil
}

// all gives the children of that name.
func (n *node) all(t tag) (found []*node) {
	if n != nil {
		for _, k := range n.kids {
			if k.tag == t {
				found = append(found, k)
			}
		}
	}
	return found
}

// value gives the text of the child of that name, without white space around it, "" without one.
func (n *node) value(path ...tag) string {
	if c := n.child(path...); c != nil {
		return strings.TrimSpace(string(c.text))
	}
	return ""
}

// parse reads a document whole. The lab takes what wbxml takes; what the elements mean is judged by the callers.
func parse(body []byte) (*node, error) {
	var d wbxml.Decoder
	d.Reset(body, wbxml.Limits{Bytes: int64(len(body)), Text: len(body)})
	var root *node
	var open []*node
	for {
		t, err := d.Next()
		switch {
		case errors.Is(err, io.EOF):
			return root, nil
		case err != nil:
			return nil, err
		}
		switch t.Kind {
		case wbxml.Start:
			n := &node{tag: tag(t.Page)<<8 | tag(t.Tag)}
			if len(open) > 0 {
				open[len(open)-1].add(n)
			} else {
				root = n
			}
			if !t.Empty {
				open = append(open, n)
			}
		case wbxml.Text:
			n := open[len(open)-1]
			n.text = append(n.text, t.Data...)
			n.raw = n.raw || t.Opaque
		case wbxml.End:
			open = open[:len(open)-1]
		}
	}
}

// encode writes the document. A node the encoder refuses is a fault of the lab's own, so it panics.
func (n *node) encode() []byte {
	e := wbxml.AppendTo(nil)
	n.write(&e)
	if err := e.Err(); err != nil {
		panic("lab: " + err.Error())
	}
	return e.Bytes()
}

func (n *node) write(e *wbxml.Encoder) {
	if len(n.text) == 0 && len(n.kids) == 0 {
		e.Empty(n.tag.page(), n.tag.token())
		return
	}
	e.Start(n.tag.page(), n.tag.token())
	if n.raw {
		e.Opaque(n.text)
	} else if len(n.text) > 0 {
		e.Text(strings.ReplaceAll(string(n.text), "\x00", "")) // a zero byte would end the string in the middle
	}
	for _, k := range n.kids {
		k.write(e)
	}
	e.End()
}
