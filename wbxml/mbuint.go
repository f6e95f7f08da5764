package wbxml

import "math"

// mbUint gathers one mb_u_int32 byte by byte: 7 bits a byte, most significant first, the high bit says "goes on"
// (WAP-192-WBXML 5.1). It is state, not a function over a slice, so that a number may be cut anywhere by the network.
type mbUint struct {
	value uint32
	size  int   // bytes taken
	at    int64 // offset of the first
}

// add takes one byte. done is true at the last one; bad says why the number is refused.
//
// Leading zero groups (0x80 0x6A) are legal and seen. Without the two checks 0x90 0x80 0x80 0x80 0x03 would read as 3,
// and a run of 0x80 would be a number without end.
func (m *mbUint) add(b byte, offset int64) (done bool, bad string) {
	if m.size == 0 {
		m.at = offset
	}
	m.size++
	switch {
	case m.size > 5:
		return false, "mb_u_int32 of more than 5 bytes"
	case m.value > math.MaxUint32>>7:
		return false, "mb_u_int32 of more than 32 bits"
	}
	m.value = m.value<<7 | uint32(b&0x7F)
	return b&0x80 == 0, ""
}

// take gives the number and makes room for the next.
func (m *mbUint) take() uint32 {
	v := m.value
	*m = mbUint{at: m.at}
	return v
}

// appendMbUint writes the shortest form.
func appendMbUint(dst []byte, v uint32) []byte {
	for shift := 28; shift > 0; shift -= 7 {
		if v>>shift != 0 {
			dst = append(dst, byte(v>>shift)|0x80)
		}
	}
	return append(dst, byte(v&0x7F))
}
