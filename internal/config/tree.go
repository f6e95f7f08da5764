package config

import (
	"fmt"
	"strconv"
	"strings"
)

// source is where nodes come from: a file, or a flag of the command line.
type source struct {
	name  string // as messages show it
	dir   string // where relative paths in it start
	there string // that place in words
}

// kind is what somebody wrote, as people call it.
type kind string

const (
	nothing kind = "nothing"
	text    kind = "text"
	number  kind = "a number"
	boolean kind = "a boolean"
	list    kind = "a list"
	section kind = "a section"
)

// node is a value of the file and its place. The rest of the package sees these
// and knows no YAML library.
type node struct {
	src          *source
	line, column int
	key          string // full path; list items have their list's, sections among them with their number: policy.rules[0]
	kind         kind
	text         string  // text, number, boolean: as written, without quotes
	items        []node  // list
	entries      []entry // section, in the order of the file
}

// entry is one key of a section and its value. name stands at the key's own
// place, because a message about an unknown key points at the key.
type entry struct {
	name  node
	value node
}

// fault is the mistake in this node.
func (n node) fault(problem, remedy string) error {
	e := n.faultUnseen(problem, remedy)
	switch n.kind {
	case text:
		e.Value = strconv.Quote(shortened(withoutSecrets(n.text)))
	case number, boolean:
		e.Value = visible(n.text)
	}
	return e
}

// faultUnseen is a mistake whose value is not shown: it may be a secret, or it
// is not what the mistake is about.
func (n node) faultUnseen(problem, remedy string) *Error {
	return &Error{File: n.src.name, Line: n.line, Column: n.column, Key: visible(withoutSecrets(n.key)), Problem: problem, Remedy: remedy}
}

// expect refuses a node of another kind. remedy says what belongs there.
func (n node) expect(want kind, remedy string) error {
	switch n.kind {
	case want:
		return nil
	case nothing:
		return n.fault("no value", remedy+", or remove the key")
	default:
		return n.fault(fmt.Sprintf("%s where %s is needed", n.kind, want), remedy)
	}
}

// inside is the place of a value deeper down: "[1].match.network[0]" of a list. Of
// a place that is not there it is the nearest that is.
func (n node) inside(path string) node {
	for _, step := range strings.FieldsFunc(path, func(r rune) bool { return r == '[' || r == ']' || r == '.' }) {
		next, ok := n.step(step)
		if !ok {
			break
		}
		n = next
	}
	return n
}

// step is one item of a list, by its number, or one entry of a section.
func (n node) step(name string) (node, bool) {
	if i, err := strconv.Atoi(name); err == nil && n.kind == list && i < len(n.items) {
		return n.items[i], true
	}
	for _, e := range n.entries {
		if e.name.text == name {
			return e.value, true
		}
	}
	return n, false
}
