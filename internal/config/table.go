package config

import (
	"fmt"
	"strings"
)

// key is one setting of a section C: its name, how a node becomes its value, and
// the value as YAML.
type key[C any] struct {
	path string
	read func(*C, node) error
	show func(*C) string // "" where there is nothing to be written
	take func(to, from *C)
}

// field ties a key to its place in C.
func field[C, T any](path string, at func(*C) *T, as codec[T]) key[C] {
	return key[C]{
		path: path,
		read: func(c *C, n node) error {
			v, err := as.read(n)
			if err == nil {
				*at(c) = v
			}
			return err
		},
		show: func(c *C) string { return as.show(*at(c)) },
		take: func(to, from *C) { *at(to) = *at(from) },
	}
}

// table is what a section understands: the whole file, or one item of a list of
// sections.
type table[C any] struct {
	keys  []key[C]
	later map[string]bool // known, and not acted upon by this version
}

func (t table[C]) find(path string) (key[C], bool) {
	for _, k := range t.keys {
		if k.path == path {
			return k, true
		}
	}
	return key[C]{}, false
}

func (t table[C]) words() vocabulary {
	words := make(vocabulary, 0, len(t.keys))
	for _, k := range t.keys {
		words = append(words, k.path)
	}
	return words
}

// reader fills a C from a section, in the order of the file.
type reader[C any] struct {
	table[C]
	into *C
	base string             // where in the file the section stands, "" for all of it
	note func(string, node) // is told of every key and section, and where it is
}

func (r reader[C]) section(s node) error {
	for _, e := range s.entries {
		if err := r.entry(e); err != nil {
			return err
		}
	}
	return nil
}

func (r reader[C]) entry(e entry) error {
	path := strings.TrimPrefix(strings.TrimPrefix(e.name.key, r.base), ".")
	r.note(path, e.value)
	if k, ok := r.find(path); ok {
		return k.read(r.into, e.value)
	}
	switch {
	case r.words().isSection(path):
		return r.subsection(e, path)
	case r.later[path]:
		return e.name.faultUnseen("known, but not in this version: it would have no effect", "remove it")
	default:
		return e.name.faultUnseen("unknown key", r.words().suggestion(r.base, path))
	}
}

// subsection reads a section's keys. Nothing in it is fine: that is what is left
// when somebody puts # before each of them.
func (r reader[C]) subsection(e entry, path string) error {
	r.note(path, e.name)
	switch e.value.kind {
	case section:
		return r.section(e.value)
	case nothing:
		return nil
	default:
		return e.value.faultUnseen(fmt.Sprintf("%s where a section is needed", e.value.kind),
			"write its keys below it, indented; they are: "+strings.Join(r.words().names(path), ", "))
	}
}

// itemOf takes a section with keys of its own, as one item of a list.
func itemOf[C any](t table[C], want string) codec[C] {
	return codec[C]{
		read: func(n node) (c C, err error) {
			if err := n.expect(section, want); err != nil {
				return c, err
			}
			err = reader[C]{table: t, into: &c, base: n.key, note: func(string, node) {}}.section(n)
			return c, err
		},
		show: func(c C) string { return "{" + strings.Join(t.flow(&c), ", ") + "}" },
	}
}

// flow gives "KEY: VALUE" for all that is set, a section in its section within braces.
func (t table[C]) flow(c *C) (parts []string) {
	inside := map[string][]string{}
	for _, k := range t.keys {
		value := k.show(c)
		section, name, nested := strings.Cut(k.path, ".")
		switch {
		case value == "":
		case !nested:
			parts = append(parts, k.path+": "+value)
		default:
			if inside[section] == nil {
				parts = append(parts, section)
			}
			inside[section] = append(inside[section], name+": "+value)
		}
	}
	for i, part := range parts {
		if inside[part] != nil {
			parts[i] = part + ": {" + strings.Join(inside[part], ", ") + "}"
		}
	}
	return parts
}
