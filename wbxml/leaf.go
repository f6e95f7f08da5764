package wbxml

import "bytes"

// AppendLeaf appends the content of an element that has text and no children, what stands between its tag and its END,
// with another text. STR_I and OPAQUE pieces become one STR_I in the place of the first. SWITCH_PAGE stays, because it
// holds beyond the END (WAP-192-WBXML 5.8.4.7.2): without it, what follows would be read on another page.
//
// It is false for content that is something else, or has no text to replace, or for a text with a zero byte in it.
func AppendLeaf(dst, content []byte, text string) ([]byte, bool) {
	start, replaced := len(dst), false
	for len(content) > 0 {
		n := leafToken(content)
		switch {
		case n == 0:
			return dst[:start], false
		case content[0] == tokSwitchPage:
			dst = append(dst, content[:n]...)
		case !replaced:
			replaced = true
			dst = append(dst, tokStrI)
			dst = append(dst, text...)
			dst = append(dst, 0)
		}
		content = content[n:]
	}
	if !replaced || bytes.IndexByte([]byte(text), 0) >= 0 {
		return dst[:start], false
	}
	return dst, true
}

// leafToken is the length of the first token in a leaf, 0 if that is none which may stand there.
func leafToken(content []byte) int {
	switch content[0] {
	case tokSwitchPage:
		return complete(content, 2)
	case tokStrI:
		return bytes.IndexByte(content, 0) + 1
	case tokOpaque:
		var length mbUint
		for i, b := range content[1:] {
			if done, bad := length.add(b, 0); bad != "" {
				return 0
			} else if done {
				return complete(content, 2+int64(i)+int64(length.value))
			}
		}
	}
	return 0
}

// complete is n if content has so many bytes, otherwise 0.
func complete(content []byte, n int64) int {
	if n > int64(len(content)) {
		return 0
	}
	return int(n)
}

// AppendElement appends an element that holds text, as it stands in a document where tag's page holds already.
func AppendElement(dst []byte, tag byte, text string) ([]byte, bool) {
	if tag < firstTag || tag > tagMask {
		return dst, false
	}
	content, ok := AppendLeaf(append(dst, tag|contentBit), []byte{tokStrI, 0}, text)
	if !ok {
		return dst, false
	}
	return append(content, tokEnd), true
}
