package wake

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
)

// Identity is a hash of a user and a password under a key of this process: the same
// credentials find the same account, and the password need not be kept for it.
type Identity [sha256.Size]byte

// Identifier makes identities. Those of two Identifiers have nothing in common.
type Identifier struct{ key [32]byte }

// NewIdentifier draws the key.
func NewIdentifier() *Identifier {
	i := &Identifier{}
	rand.Read(i.key[:])
	return i
}

// Of is who logs in with these credentials.
func (i *Identifier) Of(user, password string) (id Identity) {
	h := hmac.New(sha256.New, i.key[:])
	// The length first, or "a" with "bc" would be "ab" with "c".
	h.Write(binary.AppendUvarint(nil, uint64(len(user))))
	h.Write([]byte(user))
	h.Write([]byte(password))
	h.Sum(id[:0])
	return id
}
