package config

import (
	"fmt"
	"path/filepath"
)

// Load reads and checks the file at path. The error is an *Error.
func Load(path string) (*Config, error) {
	data, err := readFile(path)
	if err != nil {
		return nil, &Error{File: path, Problem: reason(err), Remedy: "write a configuration there, or start with --upstream URL instead of a file"}
	}
	return Parse(path, data)
}

// Parse checks the content of the file called name, against whose directory
// relative paths in it are read. It looks at the files that keys name. The error
// is an *Error with a line and a column.
func Parse(name string, data []byte) (*Config, error) {
	dir, err := filepath.Abs(filepath.Dir(name))
	if err != nil {
		return nil, fmt.Errorf("the directory of %s: %w", name, err)
	}
	root, err := parseTree(&source{name: name, dir: dir, there: "beside this file"}, data)
	if err != nil {
		return nil, err
	}
	r := reading{config: Default(), set: map[string]node{"": root}}
	if err := r.reader().section(root); err != nil {
		return nil, err
	}
	return r.finish()
}

// Flag is a setting that came from the command line.
type Flag struct {
	Name string // as typed: "--upstream"
	Key  string // as in the file: "upstream.url"
	Text string
}

// FromFlags is Parse for settings from the command line, which go through the
// same checks. Relative paths start at the working directory.
func FromFlags(flags ...Flag) (*Config, error) {
	dir, err := filepath.Abs(".")
	if err != nil {
		return nil, fmt.Errorf("the working directory: %w", err)
	}
	r := reading{config: Default(), set: map[string]node{"": {src: &source{name: "command line"}}}}
	for _, f := range flags {
		k, ok := whole.find(f.Key)
		if !ok {
			return nil, fmt.Errorf("flag %s stands for %q, which is no key", f.Name, f.Key)
		}
		n := node{src: &source{name: f.Name, dir: dir, there: "in the working directory"}, key: f.Key, kind: text, text: f.Text}
		r.set[f.Key] = n
		if err := k.read(r.config, n); err != nil {
			return nil, err
		}
	}
	return r.finish()
}

// reading is a configuration in the making, with what was set and where.
type reading struct {
	config *Config
	set    map[string]node // key or section -> where; "" is the whole file
}

// finish fills in what depends on other keys, and checks the whole.
func (r *reading) finish() (*Config, error) {
	r.fillFromProfile()
	if err := r.checkWhole(); err != nil {
		return nil, err
	}
	return r.config, nil
}

// reader reads the file, or what stands for it.
func (r *reading) reader() reader[Config] {
	return reader[Config]{table: whole, into: r.config, note: func(path string, n node) { r.set[path] = n }}
}
