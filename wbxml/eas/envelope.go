package eas

import (
	"errors"
	"fmt"
	"strings"
)

// endpoint is the one path segment that all servers share. Exchange has it at
// the root, SOGo below /SOGo, back ends of Exchange below a further part.
const endpoint = "Microsoft-Server-ActiveSync"

// maxQuery bounds what is decoded. A base64 query with every field at its 255
// bytes has less than 4 KiB; HTTP servers stop at 16 or 64 KiB anyway.
const maxQuery = 64 << 10

var errNoCommand = errors.New("eas: the query names no command: neither Cmd= nor a base64 query (MS-ASHTTP 2.2.1.1.1)")

// Envelope is what a request says about itself outside its body: who asks,
// with which device, for what (MS-ASHTTP 2.2.1.1.1).
// Every string is what the device claims and no more.
type Envelope struct {
	Command     Command
	CommandName string // as sent in the plain form, from the table in the base64 form

	User       string // "" if the query leaves it to the Authorization header
	DeviceID   string // the bytes as sent: text, or a raw GUID in the base64 form; see DeviceKey
	DeviceType string

	Version   string // protocol version, "14.1"; "" if nobody said
	PolicyKey string // decimal; "" if nobody said, "0" if the device says it has none
	Locale    uint16 // LCID, 0x0409 = en-US; base64 form only

	AttachmentName  string // GetAttachment
	CollectionID    string // SmartForward, SmartReply
	ItemID          string // SmartForward, SmartReply
	LongID          string // SmartForward, SmartReply
	Occurrence      string // SmartForward, SmartReply, MeetingResponse
	SaveInSent      bool   // SendMail, SmartForward, SmartReply
	AcceptMultipart bool   // ItemOperations

	Base64 bool // the query was in the base64 form
}

// IsActiveSync tells whether a path (decoded, as in URL.Path) belongs to
// ActiveSync: one of its segments is Microsoft-Server-ActiveSync, in any case
// as with IIS, with any trailing part ("/", "/default.eas", "/Proxy/default.eas").
func IsActiveSync(path string) bool {
	for segment := range strings.SplitSeq(path, "/") {
		if strings.EqualFold(segment, endpoint) {
			return true
		}
	}
	return false
}

// ParseQuery reads the raw query of an ActiveSync request in either form.
// With an error the envelope holds what could be read before it; the request
// is then to be passed on untouched, whatever is in there.
func ParseQuery(rawQuery string) (Envelope, error) {
	if len(rawQuery) > maxQuery {
		return Envelope{Command: CommandUnknown},
			fmt.Errorf("eas: the query has %d bytes, more than %d are not read", len(rawQuery), maxQuery)
	}
	if fields, ok := decodeBase64(rawQuery); ok {
		return parseBase64(fields)
	}
	return parsePlain(rawQuery)
}

// FillFromHeader takes from the headers what the query did not say
// (MS-ASHTTP 2.2.1.1.2). The base64 form carries these fields itself, and a
// header that contradicts it is not to be believed: the fields replace them.
func (e *Envelope) FillFromHeader(get func(name string) string) {
	if e.Version == "" {
		e.Version = knownShape(get("MS-ASProtocolVersion"))
	}
	if e.PolicyKey == "" {
		e.PolicyKey = strings.TrimSpace(get("X-MS-PolicyKey"))
	}
	if !e.Base64 {
		e.AcceptMultipart = strings.EqualFold(get("MS-ASAcceptMultiPart"), "T")
	}
}

// knownShape keeps a version only if it reads like one ("2.5", "16.1"), so
// that a device cannot write a novel into logs and metrics.
func knownShape(version string) string {
	version = strings.TrimSpace(version)
	major, minor, ok := strings.Cut(version, ".")
	if !ok || !digits(major, 2) || !digits(minor, 1) {
		return ""
	}
	return version
}

func digits(s string, most int) bool {
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return s != "" && len(s) <= most
}
