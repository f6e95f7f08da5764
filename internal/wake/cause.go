package wake

import (
	"errors"
	"net/textproto"
	"strings"
)

// Cause is what may stand in the log of an error of net/http: not what the server has
// sent, which may name a user. net/http quotes that, but for a line of the header.
func Cause(err error) string {
	if errors.As(err, new(textproto.ProtocolError)) {
		return "malformed header"
	}
	said, _, _ := strings.Cut(err.Error(), `"`)
	return strings.TrimRight(said, " :")
}
