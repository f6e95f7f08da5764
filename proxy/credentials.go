package proxy

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"net/http"

	"github.com/diastole/diastole/proxy/hold"
)

// secret is the key of all digests. It lives as long as the process, where no other
// nodes have to know it: nobody who reads its memory later, or another process's, can
// try passwords with it.
type secret [32]byte

func newSecret() (s secret) {
	_, _ = rand.Read(s[:]) // never fails
	return s
}

// digest is one for all parts, in order. Their lengths are in it: "a", "bc" and
// "ab", "c" are two.
func (s *secret) digest(parts ...[]byte) (d hold.Digest) {
	mac := hmac.New(sha256.New, s[:])
	var length [8]byte
	for _, part := range parts {
		binary.BigEndian.PutUint64(length[:], uint64(len(part)))
		mac.Write(length[:])
		mac.Write(part)
	}
	copy(d[:], mac.Sum(nil))
	return d
}

// credentials stands for all by which the server can tell who asks. Equal ones are
// equal to the byte: a wait is never shared by those that only mean the same user.
func (p *Proxy) credentials(r *http.Request) hold.Digest {
	parts := make([][]byte, 0, 2)
	for _, line := range r.Header["Authorization"] {
		parts = append(parts, []byte(line))
	}
	if r.TLS != nil && len(r.TLS.PeerCertificates) > 0 {
		parts = append(parts, []byte("certificate"), r.TLS.PeerCertificates[0].Raw)
	}
	return p.secret.digest(parts...)
}
