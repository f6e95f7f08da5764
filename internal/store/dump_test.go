package store

import (
	"encoding/json"
	"fmt"
	"regexp"
)

var zone = regexp.MustCompile(`"(\d{4}-\d\d-\d\dT[^"]*)[+-]00:00"`)

// dump writes a value with its times in UTC, so that equal instants are equal.
func dump(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v, err)
	}
	return zone.ReplaceAllString(string(text), `"${1}Z"`)
}
