package admin

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
)

// seal turns a device's number into the id under which the API shows it, and back. The
// number is a digest of names: shown as it is, it would let whoever has the API's
// answers find out by trying which user a hash stands for. The key is drawn at each
// start, as the one for users in the log is, so ids do not outlive the process.
type seal struct{ block cipher.Block }

func newSeal() seal {
	var key [16]byte
	_, _ = rand.Read(key[:]) // never fails (crypto/rand)
	block, err := aes.NewCipher(key[:])
	if err != nil {
		panic(err) // 16 bytes are a key
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

// open is false for what was not made by id, in this process.
func (s seal) open(id string) (number uint64, ok bool) {
	b, err := hex.DecodeString(id)
	if err != nil || len(b) != aes.BlockSize {
		return 0, false
	}
	s.block.Decrypt(b, b)
	return binary.BigEndian.Uint64(b), binary.BigEndian.Uint64(b[8:]) == 0
}
