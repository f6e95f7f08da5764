package imap

import (
	"bytes"
	"strconv"
	"strings"
)

// A response is one line of the server (RFC 3501 7), its literals included.
type response struct {
	tag  string // "*", "+" or that of a command
	kind string // in capitals: OK, NO, BAD, BYE, PREAUTH, EXISTS, STATUS ...
	code string // within [] of a status response, its first word in capitals; "" none
	text string // the rest
}

// parse never fails: what it does not know is a response of a kind that nobody
// asks for.
func parse(line []byte) response {
	var r response
	rest := ""
	r.tag, rest, _ = strings.Cut(string(line), " ")
	if r.tag == "+" {
		r.text = rest
		return r
	}
	r.kind, r.text, _ = strings.Cut(rest, " ")
	if _, err := strconv.ParseUint(r.kind, 10, 32); err == nil { // "* 23 EXISTS"
		r.kind, r.text, _ = strings.Cut(r.text, " ")
	}
	r.kind = strings.ToUpper(r.kind)
	if isStatus(r.kind) && strings.HasPrefix(r.text, "[") {
		code, text, closed := strings.Cut(r.text[1:], "]")
		if closed {
			word, rest, _ := strings.Cut(code, " ")
			r.code = strings.TrimSpace(strings.ToUpper(word) + " " + rest)
			r.text = strings.TrimPrefix(text, " ")
		}
	}
	return r
}

func isStatus(kind string) bool {
	switch kind {
	case "OK", "NO", "BAD", "BYE", "PREAUTH":
		return true
	}
	return false
}

// literal says whether a line that ends here goes on with so many bytes of a literal
// (RFC 3501 4.3). Only data can: the text of an OK may end in "{5}" and mean nothing.
func literal(line []byte) (size int, ok bool) {
	line = bytes.TrimRight(line, "\r\n")
	open := bytes.LastIndexByte(line, '{')
	if open < 0 || !bytes.HasSuffix(line, []byte("}")) || !bytes.HasPrefix(line, []byte("* ")) {
		return 0, false
	}
	kind, _, _ := bytes.Cut(line[2:], []byte(" "))
	if isStatus(strings.ToUpper(string(kind))) {
		return 0, false
	}
	size, err := strconv.Atoi(string(bytes.TrimSuffix(line[open+1:len(line)-1], []byte("+"))))
	return size, err == nil && size >= 0
}
