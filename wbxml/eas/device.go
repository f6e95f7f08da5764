package eas

import (
	"encoding/hex"
	"strings"
)

// maxDeviceKey is the longest key, in bytes. MS-ASHTTP 2.2.1.1.1.2.3 allows ids
// of 32 characters, devices keep to it; without a limit one client could fill a
// table of devices with ids of 60 KB each.
const maxDeviceKey = 128

// validate is the id that Android sends to try an account before it is set up.
// All phones share it: tracked, they would displace each other's waits.
const validate = "validate"

// DeviceKey is the canonical id of the device, equal for every spelling: the
// raw bytes of the base64 form, the text of the plain form, the hexadecimal
// digits of the bytes (as Z-Push keeps ids of the base64 form), in any case.
// It is for our own tables; what is forwarded stays as it was sent.
// It is "" for a device that must not be tracked: without an id, with one whose
// key would be longer than 128 bytes, or "validate".
//
// An id of printable ASCII is itself in lower case, any other its lower-case
// hexadecimal digits, and digits that spell a printable id are that id.
func (e *Envelope) DeviceKey() string {
	id := e.DeviceID
	if !printable(id) {
		id = hex.EncodeToString([]byte(id))
	}
	for raw := spelled(id); raw != ""; raw = spelled(raw) {
		id = raw
	}
	id = strings.ToLower(id)
	if id == validate || len(id) > maxDeviceKey {
		return ""
	}
	return id
}

// spelled gives the text whose hexadecimal digits id is, "" if it is not such.
func spelled(id string) string {
	for _, c := range []byte(id) {
		if _, ok := hexDigit(c); !ok {
			return ""
		}
	}
	raw, err := hex.DecodeString(id)
	if err != nil || !printable(string(raw)) {
		return ""
	}
	return string(raw)
}

// printable tells text from the bytes of a GUID. Of 16 random bytes one in ten
// million is taken for text, and even then all spellings have the same key.
func printable(id string) bool {
	for _, c := range []byte(id) {
		if c <= ' ' || c > '~' {
			return false
		}
	}
	return true
}
