package redis

import (
	"bytes"
	"compress/flate"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/diastole/diastole/heartbeat"
)

// format begins each sealed value: another version of this program may write another.
const format = 1

// mostSealed bounds what is sealed and what is opened, unpacked: somebody who can write
// to Redis must not fill our memory, not even before the seal is looked at.
const mostSealed = 1 << 20

// mostRead is the longest that a sealed value can be.
const mostRead = mostSealed + mostSealed/8

// ErrNotBelieved marks a value that was not sealed by a node with our key, for the place
// it was found in.
var ErrNotBelieved = errors.New("not sealed with the key of state.key_file")

// Derive gives a key for a purpose from the secret of state.key_file. What is known of
// one of them tells nothing of another.
func Derive(secret []byte, purpose string) (key [32]byte) {
	derived, err := hkdf.Key(sha256.New, secret, nil, "diastole "+purpose, len(key))
	if err != nil {
		panic("BUG: redis: " + err.Error()) // only for a length that HKDF cannot give
	}
	copy(key[:], derived)
	return key
}

// seal closes values, and makes names of what must not be read in Redis.
type seal struct {
	aead  cipher.AEAD
	names [32]byte
}

func newSeal(secret []byte) *seal {
	key := Derive(secret, "values")
	block, _ := aes.NewCipher(key[:]) // fails for another length only
	aead, _ := cipher.NewGCM(block)
	return &seal{aead, Derive(secret, "names")}
}

// packers are kept: each has half a megabyte of tables.
var packers = sync.Pool{New: func() any {
	w, _ := flate.NewWriter(nil, flate.BestSpeed) // fails for an unknown level only
	return w
}}

// close packs and seals a value for a place: it is worth nothing in another one.
func (s *seal) close(place string, value []byte) ([]byte, error) {
	if len(value) > mostSealed {
		return nil, fmt.Errorf("%d bytes are more than is kept of one thing", len(value))
	}
	var packed bytes.Buffer
	w := packers.Get().(*flate.Writer)
	defer packers.Put(w)
	w.Reset(&packed)
	_, _ = w.Write(value) // into memory
	_ = w.Close()
	sealed := append(make([]byte, 0, 1+s.aead.NonceSize()+packed.Len()+s.aead.Overhead()), format)
	sealed = sealed[:1+s.aead.NonceSize()]
	_, _ = rand.Read(sealed[1:]) // never fails
	return s.aead.Seal(sealed, sealed[1:], packed.Bytes(), []byte(place)), nil
}

// open is the way back.
func (s *seal) open(place string, sealed []byte) ([]byte, error) {
	head := 1 + s.aead.NonceSize()
	if len(sealed) < head || sealed[0] != format || len(sealed) > mostRead {
		return nil, ErrNotBelieved
	}
	packed, err := s.aead.Open(nil, sealed[1:head], sealed[head:], []byte(place))
	if err != nil {
		return nil, ErrNotBelieved
	}
	value, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(packed)), mostSealed+1))
	if err != nil || len(value) > mostSealed {
		return nil, ErrNotBelieved
	}
	return value, nil
}

// name is a keyed hash of parts, the same on each node.
func (s *seal) name(parts ...string) string {
	mac := hmac.New(sha256.New, s.names[:])
	for _, part := range parts {
		// With its length in front: a DeviceId is any bytes, no separator is safe.
		mac.Write(binary.AppendUvarint(nil, uint64(len(part))))
		mac.Write([]byte(part))
	}
	return hex.EncodeToString(mac.Sum(nil)[:12])
}

// The keys. What is in braces says where a cluster keeps it: all that one script touches
// lies together, and devices lie everywhere.
const prefix = "diastole:"

func (s *seal) device(k heartbeat.Key) string {
	return s.user(k.Principal) + s.name("device", k.Principal, k.Device, k.Type) + "}"
}

// user begins the keys of all devices of a user.
func (s *seal) user(principal string) string {
	return prefix + "{d:" + s.name("user", principal) + ":"
}

func (s *seal) network(n heartbeat.Network) string {
	return prefix + "{n:" + s.name("network", n.Name, string(rune('0'+n.HTTP))) + "}"
}

const (
	networksKey = prefix + "{networks}" // names of networks by when they changed
	filesKey    = prefix + "{files}"
	wordsTo     = prefix + "words"
)

// nodeChannel is where a node is told what it does not have any more.
func nodeChannel(node string) string { return prefix + "node:" + node }
