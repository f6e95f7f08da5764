package lab

import (
	"crypto/hmac"
	"crypto/md5"
	"encoding/binary"
	"errors"
	"strings"
	"unicode/utf16"

	"golang.org/x/crypto/md4" //lint:ignore SA1019 NTLM is made of MD4 (MS-NLMP 3.3.1); nothing is protected by it here
)

// ntlmSignature begins each NTLM message (MS-NLMP 2.2.1).
const ntlmSignature = "NTLMSSP\x00"

// Flags of the challenge: Unicode, NTLM, extended session security, target info (MS-NLMP 2.2.2.5).
const ntlmFlags = 0x1 | 0x200 | 0x80000 | 0x800000

var errNTLM = errors.New("lab: not an NTLM message")

// ntlmType gives a message's number: 1 negotiate, 2 challenge, 3 authenticate.
func ntlmType(msg []byte) (uint32, error) {
	if len(msg) < 12 || string(msg[:8]) != ntlmSignature {
		return 0, errNTLM
	}
	return binary.LittleEndian.Uint32(msg[8:]), nil
}

// ntlmChallenge writes message 2 for an 8-byte challenge (MS-NLMP 2.2.1.2).
func ntlmChallenge(challenge []byte) []byte {
	domain := utf16le("LAB")
	var info []byte
	for _, pair := range []struct {
		id   uint16
		text string
	}{{2, "LAB"}, {1, "EXCHANGE"}} { // MsvAvNbDomainName, MsvAvNbComputerName: MS-NLMP 2.2.2.1
		value := utf16le(pair.text)
		info = binary.LittleEndian.AppendUint16(info, pair.id)
		info = binary.LittleEndian.AppendUint16(info, uint16(len(value)))
		info = append(info, value...)
	}
	info = append(info, 0, 0, 0, 0)
	const header = 56
	msg := append([]byte(ntlmSignature), 2, 0, 0, 0)
	msg = appendField(msg, len(domain), header)
	msg = binary.LittleEndian.AppendUint32(msg, ntlmFlags)
	msg = append(msg, challenge...)
	msg = append(msg, make([]byte, 8)...)
	msg = appendField(msg, len(info), header+len(domain))
	msg = append(msg, 10, 0, 0, 0, 0, 0, 0, 15) // version
	return append(append(msg, domain...), info...)
}

func appendField(msg []byte, size, offset int) []byte {
	msg = binary.LittleEndian.AppendUint16(msg, uint16(size))
	msg = binary.LittleEndian.AppendUint16(msg, uint16(size))
	return binary.LittleEndian.AppendUint32(msg, uint32(offset))
}

// ntlmResponse is what message 3 says.
type ntlmResponse struct {
	user, domain string
	proof, blob  []byte // the NTLMv2 response's two parts
}

// readNTLMResponse reads message 3 (MS-NLMP 2.2.1.3). An answer shorter than NTLMv2's is refused: v1 is no longer
// accepted anywhere.
func readNTLMResponse(msg []byte) (r ntlmResponse, err error) {
	field := func(at int) []byte {
		if len(msg) < at+8 {
			return nil
		}
		size, offset := int(binary.LittleEndian.Uint16(msg[at:])), int(binary.LittleEndian.Uint32(msg[at+4:]))
		if offset > len(msg) || size > len(msg)-offset {
			return nil
		}
		return msg[offset : offset+size]
	}
	response := field(20)
	if len(response) < 16+28 {
		return r, errNTLM
	}
	r.proof, r.blob = response[:16], response[16:]
	r.domain, r.user = fromUTF16(field(28)), fromUTF16(field(36))
	return r, nil
}

// proves says whether the response was made with this password for this challenge (MS-NLMP 3.3.2).
func (r *ntlmResponse) proves(password string, challenge []byte) bool {
	h := md4.New()
	h.Write(utf16le(password))
	key := hmacMD5(h.Sum(nil), utf16le(strings.ToUpper(r.user)+r.domain))
	return hmac.Equal(r.proof, hmacMD5(key, challenge, r.blob))
}

func hmacMD5(key []byte, parts ...[]byte) []byte {
	m := hmac.New(md5.New, key)
	for _, p := range parts {
		m.Write(p)
	}
	return m.Sum(nil)
}

func utf16le(s string) (b []byte) {
	for _, u := range utf16.Encode([]rune(s)) {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	return b
}

func fromUTF16(b []byte) string {
	u := make([]uint16, len(b)/2)
	for i := range u {
		u[i] = binary.LittleEndian.Uint16(b[2*i:])
	}
	return string(utf16.Decode(u))
}
