package wake

import "strings"

// Users says what the mail store calls those whom phones name. The zero value takes
// their names as they are.
type Users struct {
	Form   string // AsIs, Local or Full; "" is AsIs
	Domain string // with Full: what a name without one gets
}

const (
	AsIs  = "as-is" // "u@d" stays, "u" stays
	Local = "local" // both are "u"
	Full  = "full"  // both have a domain: "u" gets Users.Domain
)

// Name is what the mail store calls a user. Names of the mail store stay what they
// are, so it may be applied to both sides that are compared: Dovecot speaks of
// "u@d" in a delivery and of "u" in the session of the same user, as each was named
// to it. A Windows domain ("DOMAIN\u", MS-ASHTTP 2.2.1.1.2.2) is never part of it.
func (u Users) Name(user string) string {
	user = user[strings.LastIndexByte(user, '\\')+1:]
	at := strings.LastIndexByte(user, '@')
	switch {
	case u.Form == Local && at > 0:
		return user[:at]
	case u.Form == Full && at < 0 && user != "" && u.Domain != "":
		return user + "@" + u.Domain
	}
	return user
}
