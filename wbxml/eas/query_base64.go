package eas

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
)

// The parameters that may follow the fixed part (MS-ASHTTP 2.2.1.1.1.1.3).
const (
	tagAttachmentName = 0
	tagCollectionID   = 1
	tagItemID         = 3
	tagLongID         = 4
	tagOccurrence     = 6
	tagOptions        = 7
	tagUser           = 8

	optionSaveInSent      = 0x01
	optionAcceptMultipart = 0x02
)

// decodeBase64 tells whether a query is of the base64 form, and its bytes.
// Padding may be missing, and a proxy on the way may have percent-encoded it.
// A plain query never passes: its '=' stands in the middle.
func decodeBase64(rawQuery string) (string, bool) {
	rest := strings.TrimRight(rawQuery, "=")
	if rest == "" || strings.ContainsAny(rest, "=&") {
		return "", false
	}
	rest = strings.TrimRight(unescape(rest), "=")
	raw, err := base64.RawStdEncoding.DecodeString(rest)
	return string(raw), err == nil
}

// parseBase64 reads the fields of MS-ASHTTP 2.2.1.1.1.1. All lengths are one
// byte and all are checked, so nothing larger than the query is ever built.
func parseBase64(fields string) (Envelope, error) {
	e := Envelope{Command: CommandUnknown, Base64: true}
	c := cursor{rest: fields}
	version, code := c.byte(), c.byte()
	locale := c.take(2)
	e.DeviceID = c.counted()
	key := c.counted()
	e.DeviceType = c.counted()
	if c.short {
		return e, fmt.Errorf("eas: base64 query: the %d bytes end within the fixed fields", len(fields))
	}
	e.Version = strconv.Itoa(int(version/10)) + "." + strconv.Itoa(int(version%10))
	e.Locale = binary.LittleEndian.Uint16([]byte(locale)) // 0x0409 is sent 09 04
	if e.DeviceID == "" {
		return e, fmt.Errorf("eas: base64 query: the device id is empty (MS-ASHTTP 2.2.1.1.1.1)")
	}
	if err := e.setPolicyKey(key); err != nil {
		return e, err
	}
	if err := e.setParameters(&c); err != nil {
		return e, err
	}
	return e, e.setCode(code)
}

// setCode comes last, so that a command of the future still has an envelope.
func (e *Envelope) setCode(code byte) error {
	command := Command(code)
	if e.CommandName = command.String(); e.CommandName == CommandUnknown.String() {
		return fmt.Errorf("eas: base64 query: command code %d is not assigned", code)
	}
	e.Command = command
	return nil
}

func (e *Envelope) setPolicyKey(key string) error {
	switch len(key) {
	case 0:
	case 4:
		e.PolicyKey = strconv.FormatUint(uint64(binary.LittleEndian.Uint32([]byte(key))), 10)
	default:
		return fmt.Errorf("eas: base64 query: a policy key has 0 or 4 bytes, this one %d", len(key))
	}
	return nil
}

// setParameters reads the rest: tag, length, value. A tag that is not known is
// skipped by its length. As in the plain form the first of two counts.
func (e *Envelope) setParameters(c *cursor) error {
	for c.rest != "" {
		tag, value := c.byte(), c.counted()
		if c.short {
			return fmt.Errorf("eas: base64 query: parameter %d ends before its length", tag)
		}
		if tag == tagOptions && value != "" {
			e.SaveInSent = value[0]&optionSaveInSent != 0
			e.AcceptMultipart = value[0]&optionAcceptMultipart != 0
		}
		if field := e.parameter(tag); field != nil && *field == "" {
			*field = value
		}
	}
	return nil
}

func (e *Envelope) parameter(tag byte) *string {
	switch tag {
	case tagAttachmentName:
		return &e.AttachmentName
	case tagCollectionID:
		return &e.CollectionID
	case tagItemID:
		return &e.ItemID
	case tagLongID:
		return &e.LongID
	case tagOccurrence:
		return &e.Occurrence
	case tagUser:
		return &e.User
	}
	return nil
}

// cursor walks through counted fields. Once a field is not there, short stays
// set and all further fields are empty, so one check at the end is enough.
type cursor struct {
	rest  string
	short bool
}

func (c *cursor) take(n int) string {
	if c.short || n > len(c.rest) {
		c.short = true
		return ""
	}
	field := c.rest[:n]
	c.rest = c.rest[n:]
	return field
}

func (c *cursor) byte() byte {
	field := c.take(1)
	if c.short {
		return 0
	}
	return field[0]
}

func (c *cursor) counted() string { return c.take(int(c.byte())) }
