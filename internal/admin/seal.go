package admin

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"encoding/hex"
)

// seal turns a device's number into the id under which the API shows it, and back. The
// number is a digest of names: shown as it is, it would let whoever has the API's
// answers find out by trying which user a hash stands for. With the same secret after
// a restart an id that was kept or sent to a colleague still leads to its device.
type seal struct{ block cipher.Block }

func newSeal(secret [32]byte) seal {
	block, err := aes.NewCipher(secret[:])
	if err != nil {
		panic(err) // 32 bytes are a key
	}
	return seal{block}
}

// id is 32 hexadecimal digits.
func (s seal) id(number uint64) string {
	var b [aes.BlockSize]byte
	binary.BigEndian.PutUint64(b[:], number)
	s.block.Encrypt(b[:], b[:])
	return hex.EncodeToString(b[:])
}

// open is false for what was not made by id with this secret.
func (s seal) open(id string) (number uint64, ok bool) {
	b, err := hex.DecodeString(id)
	if err != nil || len(b) != aes.BlockSize {
		return 0, false
	}
	s.block.Decrypt(b, b)
	return binary.BigEndian.Uint64(b), binary.BigEndian.Uint64(b[8:]) == 0
}
