package config

import (
	"fmt"
	"io"
	"strings"
)

// Write prints the effective configuration, defaults filled in, as YAML that
// [Parse] reads back to the same Config. Nothing in it is secret: credentials are
// not accepted in upstream.url, and a token is only ever named by its file.
func (c *Config) Write(w io.Writer) error {
	var b strings.Builder
	last := ""
	for _, k := range keys {
		value := k.show(c)
		// "" is no legal path, so a file that is not set is left out instead.
		if value == quoted("") {
			continue
		}
		section, name, nested := strings.Cut(k.path, ".")
		if nested && section != last {
			fmt.Fprintf(&b, "%s:\n", section)
		}
		last = section
		if nested {
			b.WriteString("  ")
		} else {
			name = section
		}
		if !strings.HasPrefix(value, "\n") {
			value = " " + value
		}
		fmt.Fprintf(&b, "%s:%s\n", name, value)
	}
	_, err := io.WriteString(w, b.String())
	return err
}
