package eas

import (
	"encoding/base64"
	"strings"
)

// WithCommand is a query with another command and all the rest as it was: who asks
// something of his own in a device's name must be that device in everything else.
// ok is false where ParseQuery gives an error.
func WithCommand(rawQuery string, c Command) (query string, ok bool) {
	if _, err := ParseQuery(rawQuery); err != nil {
		return "", false
	}
	if fields, packed := decodeBase64(rawQuery); packed {
		// The second byte of the fixed part, MS-ASHTTP 2.2.1.1.1.1.
		return base64.StdEncoding.EncodeToString([]byte(fields[:1] + string(rune(c)) + fields[2:])), true
	}
	var pairs []string
	replaced := false
	for pair := range strings.SplitSeq(rawQuery, "&") {
		name, value, _ := strings.Cut(pair, "=")
		// The first of two counts here, as in ParseQuery, and servers may take the other.
		if strings.EqualFold(unescape(name), "Cmd") && (value != "" || !replaced) {
			pair, replaced = name+"="+c.String(), true
		}
		pairs = append(pairs, pair)
	}
	return strings.Join(pairs, "&"), true
}
