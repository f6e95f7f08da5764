package heartbeat

import (
	"crypto/sha256"
	"encoding/binary"
	"unique"
)

// Key is one device of one user.
type Key struct {
	Principal string // the user, normalised
	Device    string // DeviceId: bytes, up to 32 by MS-ASHTTP 2.2.1.1.1.1
	Type      string // DeviceType
}

// longestName is how much of a name is kept to be shown, in bytes. Devices are told
// apart by their ID, so a client with names of a megabyte gains nothing.
const longestName = 255

// ID is the device as a number that is the same after a restart. It is drawn so
// that nobody can find a name that takes another device's place.
func (k Key) ID() uint64 {
	var room [192]byte
	text := room[:0]
	for _, part := range [...]string{k.Principal, k.Device, k.Type} {
		// With its length in front: a DeviceId is any bytes, no separator is safe.
		text = binary.AppendUvarint(text, uint64(len(part)))
		text = append(text, part...)
	}
	sum := sha256.Sum256(text)
	return binary.LittleEndian.Uint64(sum[:])
}

// label is a Key as a million of them are kept: one string, and the type shared.
type label struct {
	text string // principal and device
	kind unique.Handle[string]
	cut  uint8 // where the device begins
}

func newLabel(k Key) label {
	user := clip(k.Principal)
	return label{user + clip(k.Device), unique.Make(clip(k.Type)), uint8(len(user))}
}

func (l label) key() Key { return Key{l.text[:l.cut], l.text[l.cut:], l.kind.Value()} }

func clip(name string) string { return name[:min(len(name), longestName)] }
