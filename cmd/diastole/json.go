package main

import (
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf16"
)

// writeJSON writes JSON that may end on a terminal: encoding/json escapes the controls of
// ASCII and leaves U+009B, which begins a sequence as ESC does, and U+202E, which turns
// the rest of the line around. Devices choose what stands there. Beyond ASCII there are
// strings only, where an escape means the same (RFC 8259 7).
func writeJSON(w io.Writer, text []byte) error {
	var safe strings.Builder
	for _, c := range string(text) {
		switch {
		case c <= '~' || unicode.IsPrint(c):
			safe.WriteRune(c)
		case c > 0xffff:
			high, low := utf16.EncodeRune(c)
			fmt.Fprintf(&safe, `\u%04x\u%04x`, high, low)
		default:
			fmt.Fprintf(&safe, `\u%04x`, c)
		}
	}
	_, err := io.WriteString(w, safe.String())
	return err
}
