package config

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// Write prints the effective configuration, defaults filled in, as YAML that
// [Parse] reads back to the same Config. Nothing in it is secret: credentials are
// not accepted in upstream.url, and a token is only ever named by its file.
func (c *Config) Write(w io.Writer) error {
	var b strings.Builder
	var open []string // the sections that the last line stands in
	for _, k := range keys {
		value := k.show(c)
		// "" is no legal path, so a file that is not set is left out instead.
		if value == quoted("") {
			continue
		}
		path := strings.Split(k.path, ".")
		sections, name := path[:len(path)-1], path[len(path)-1]
		for depth, section := range sections {
			if depth >= len(open) || !slices.Equal(open[:depth+1], sections[:depth+1]) {
				fmt.Fprintf(&b, "%s%s:\n", indent(depth), section)
			}
		}
		open = sections
		if !strings.HasPrefix(value, "\n") {
			value = " " + value
		}
		fmt.Fprintf(&b, "%s%s:%s\n", indent(len(sections)), name, value)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func indent(depth int) string { return strings.Repeat("  ", depth) }
