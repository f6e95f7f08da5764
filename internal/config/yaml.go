package config

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// parseTree reads YAML into nodes. It accepts the plain part of YAML that a
// configuration needs and refuses the rest (anchors, tags, merges, several
// documents) instead of guessing: a file that says more than one reader sees is
// the file that does something else than it says.
func parseTree(src *source, data []byte) (node, error) {
	// Editors on Windows put a byte order mark in front, which would become part of the first key.
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	root := node{src: src, line: 1, column: 1, kind: section}
	if err := checkText(root, data); err != nil {
		return node{}, err
	}
	// We look for duplicates ourselves: the library's message has no full path.
	file, err := parser.ParseBytes(data, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		return node{}, syntaxError(root, err)
	}
	return document(root, file)
}

// document returns the content of the only document; an empty one is a section
// without keys.
func document(root node, file *ast.File) (node, error) {
	found := false
	for _, doc := range file.Docs {
		if doc.Body == nil {
			continue
		}
		if found || doc.Body.Type() == ast.DirectiveType {
			return node{}, root.at(start(doc.Body)).faultUnseen(
				"not part of one plain YAML document", "remove YAML directives and everything from a second --- line on")
		}
		n, err := root.from(doc.Body)
		if err != nil {
			return node{}, err
		}
		if n.kind != section {
			return node{}, n.faultUnseen(string(n.kind)+" where the keys should be", "write KEY: VALUE, one a line, for example listen: \":443\"")
		}
		root.entries, found = n.entries, true
	}
	return root, nil
}

// start is where a node begins; the library places a section at its first colon.
func start(a ast.Node) *token.Token {
	switch m := a.(type) {
	case *ast.MappingNode:
		if !m.IsFlowStyle && len(m.Values) > 0 {
			return m.Values[0].Key.GetToken()
		}
	case *ast.MappingValueNode:
		return m.Key.GetToken()
	}
	return a.GetToken()
}

// at is n moved to a token's place.
func (n node) at(t *token.Token) node {
	if t != nil && t.Position != nil {
		n.line, n.column = max(t.Position.Line, 1), max(t.Position.Column, 1)
	}
	return n
}

// from makes a node of the same source and key from what the library found.
func (n node) from(a ast.Node) (node, error) {
	n = n.at(start(a))
	n.entries, n.items = nil, nil
	switch a := a.(type) {
	case *ast.NullNode:
		n.kind = nothing
	case *ast.BoolNode:
		n.kind, n.text = boolean, a.GetToken().Value
	case *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		n.kind, n.text = number, a.GetToken().Value
	case *ast.StringNode:
		n.kind, n.text = text, a.Value
	case *ast.LiteralNode:
		n.kind, n.text = text, a.Value.Value
	case *ast.SequenceNode:
		return n.fromList(a)
	case ast.MapNode:
		return n.fromSection(a)
	case *ast.AliasNode: // *Outlook* is one too
		return node{}, n.faultUnseen("YAML anchors, aliases and tags are not understood here", "write the value itself, in quotes if it begins with a *")
	default: // *ast.AnchorNode, *ast.TagNode
		return node{}, n.faultUnseen("YAML anchors, aliases and tags are not understood here", "write the value itself")
	}
	return n, nil
}

func (n node) fromList(a *ast.SequenceNode) (node, error) {
	n.kind = list
	for i, v := range a.Values {
		of := n
		if _, isSection := v.(ast.MapNode); isSection {
			of.key = fmt.Sprintf("%s[%d]", n.key, i) // its keys are many, and messages must tell them apart
		}
		item, err := of.from(v)
		if err != nil {
			return node{}, err
		}
		n.items = append(n.items, item)
	}
	return n, nil
}

func (n node) fromSection(a ast.MapNode) (node, error) {
	n.kind = section
	first := map[string]int{} // name -> line
	for it := a.MapRange(); it.Next(); {
		e, err := n.entry(it.Key(), it.Value())
		if err != nil {
			return node{}, err
		}
		if line, dup := first[e.name.text]; dup {
			return node{}, e.name.faultUnseen(fmt.Sprintf("written twice, first in line %d", line), "keep one of the two")
		}
		first[e.name.text] = e.name.line
		n.entries = append(n.entries, e)
	}
	return n, nil
}

// entry reads one KEY: VALUE of the section n.
func (n node) entry(key ast.MapKeyNode, value ast.Node) (entry, error) {
	name := n.at(key.GetToken())
	name.kind, name.text = nothing, key.GetToken().Value
	switch key.(type) {
	case *ast.StringNode, *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.NullNode:
	default: // ? and << and anchors: a key that is not simply what is written
		return entry{}, name.faultUnseen("a key must be a plain word", "write KEY: VALUE")
	}
	name.key = join(n.key, name.text)
	v, err := name.from(value)
	return entry{name: name, value: v}, err
}

func join(section, name string) string {
	if section == "" {
		return name
	}
	return section + "." + name
}

// checkText refuses what is no UTF-8 text, before the library makes U+FFFD of it.
func checkText(root node, data []byte) error {
	if bytes.HasPrefix(data, []byte("\xff\xfe")) || bytes.HasPrefix(data, []byte("\xfe\xff")) {
		return root.faultUnseen("the file is UTF-16", "save it as UTF-8")
	}
	for line, rest := range bytes.Split(data, []byte("\n")) {
		if !utf8.Valid(rest) {
			root.line = line + 1
			return root.faultUnseen("the line is not UTF-8 text", "save the file as UTF-8")
		}
	}
	return nil
}

// syntaxError is the library's complaint as one line with a way out. Its own
// text shows the lines around, which may hold a secret.
func syntaxError(root node, err error) error {
	message := err.Error()
	var e yaml.Error
	if errors.As(err, &e) {
		root, message = root.at(e.GetToken()), e.GetMessage()
	}
	message = visible(message)
	return root.faultUnseen("not valid YAML: "+message, remedyFor(message))
}

func remedyFor(message string) string {
	for _, r := range []struct{ in, remedy string }{
		{`\t`, "indent with spaces, YAML takes no tabs"},
		{"end character", "close the quote"},
		{"must be specified", "close the bracket, or put a comma between the values"},
		{"end token", "close the bracket"},
		{"mapping value is not allowed", `put quotes around a value that holds ": ", or check the indentation`},
		{"value is not allowed", "put quotes around the whole value, or check the indentation"},
		{"reserved character", "put quotes around the value"},
	} {
		if strings.Contains(message, r.in) {
			return r.remedy
		}
	}
	return "check the indentation, the quotes and the brackets here"
}
