package main

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"unicode"

	"github.com/diastole/diastole/wbxml/eas"
)

// queryField is one line of the table.
type queryField struct{ name, value string }

// printQuery prints what a query says. What could be read of a broken one is
// printed too, before the error.
func printQuery(w io.Writer, text string, asJSON bool) error {
	envelope, parseErr := eas.ParseQuery(queryIn(text))
	fields := queryFields(envelope)
	show := printFields
	if asJSON {
		show = printFieldsJSON
	}
	if err := show(w, fields); err != nil {
		return fmt.Errorf("printing the query: %w", err)
	}
	return parseErr
}

// queryIn finds the query in a URL or in the request line of a log. A ? that
// follows a = is a part of a plain query.
func queryIn(text string) string {
	if before, query, ok := strings.Cut(text, "?"); ok && !strings.ContainsAny(before, "=&") {
		text = query
	}
	query, _, _ := strings.Cut(text, " ")
	return query
}

// queryFields are the fields that have a value, the most telling first.
func queryFields(e eas.Envelope) []queryField {
	form := "plain"
	if e.Base64 {
		form = "base64"
	}
	all := []queryField{
		{"form", form},
		{"command", e.CommandName},
		{"user", e.User},
		{"device_id", readable(e.DeviceID)},
		{"device_type", e.DeviceType},
		{"device_key", e.DeviceKey()},
		{"version", e.Version},
		{"policy_key", e.PolicyKey},
		{"locale", locale(e.Locale)},
		{"attachment_name", e.AttachmentName},
		{"collection_id", e.CollectionID},
		{"item_id", e.ItemID},
		{"long_id", e.LongID},
		{"occurrence", e.Occurrence},
		{"save_in_sent", yes(e.SaveInSent)},
		{"accept_multipart", yes(e.AcceptMultipart)},
	}
	said := all[:0]
	for _, f := range all {
		if f.value != "" {
			said = append(said, f)
		}
	}
	return said
}

// readable is a device id: the base64 form may carry the bytes of a GUID.
func readable(id string) string {
	if strings.ContainsFunc(id, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return hex.EncodeToString([]byte(id))
	}
	return id
}

// locale is a Windows language code identifier, 0x0409 for American English.
func locale(lcid uint16) string {
	if lcid == 0 {
		return ""
	}
	return fmt.Sprintf("0x%04x", lcid)
}

func yes(b bool) string {
	if b {
		return "true"
	}
	return ""
}

func printFields(w io.Writer, fields []queryField) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, f := range fields {
		fmt.Fprintf(t, "%s\t%s\n", strings.ReplaceAll(f.name, "_", " "), harmless(f.value))
	}
	return t.Flush()
}

// harmless quotes what would move the cursor of a terminal or hide in it: a
// query comes from whoever likes to send one.
func harmless(s string) string {
	if strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return strconv.Quote(s)
	}
	return s
}

// printFieldsJSON keeps the order of the fields, which a map would lose.
func printFieldsJSON(w io.Writer, fields []queryField) error {
	lines := make([]string, 0, len(fields))
	for _, f := range fields {
		value, err := json.Marshal(f.value)
		if err != nil {
			return err
		}
		lines = append(lines, fmt.Sprintf("  %q: %s", f.name, value))
	}
	return writeJSON(w, []byte("{\n"+strings.Join(lines, ",\n")+"\n}\n"))
}
