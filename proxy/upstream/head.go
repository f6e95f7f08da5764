package upstream

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strconv"
	"strings"
)

// maxHead bounds the head of an answer: Kerberos and cookie headers reach some
// tens of kilobytes, a server gone mad has no limit of its own.
const maxHead = 256 << 10

var errHeadTooLarge = errors.New("malformed answer: head over 256 KiB")

// readHead reads one status line and its fields, RFC 9112 4 and 5. All names
// and values share one string: one allocation for a head.
func (x *Response) readHead() error {
	text, err := readLines(x.conn.reader, true)
	if err != nil {
		return err
	}
	line, rest := cutLine(text)
	if err := x.statusLine(line); err != nil {
		return err
	}
	x.Header, err = x.fields(rest)
	return err
}

// readLines reads up to the empty line and returns what is before it. A head may
// have empty lines before its status line (RFC 9112 2.2); trailers may be none.
func readLines(br *bufio.Reader, head bool) (string, error) {
	var buf [1024]byte
	b := buf[:0]
	total, line, fields := 0, 0, 0 // read; where this line begins; where the fields begin
	for {
		part, err := br.ReadSlice('\n')
		b = append(b, part...)
		if total += len(part); total > maxHead {
			return "", errHeadTooLarge
		}
		if err == bufio.ErrBufferFull {
			continue
		}
		if err != nil {
			if err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return "", err
		}
		switch {
		case !isEmptyLine(b[line:]):
			b = unfold(b, line, line > fields)
		case head && line == 0:
			b = b[:0]
		default:
			return string(b[:line]), nil
		}
		if head && line == 0 {
			fields = len(b)
		}
		line = len(b)
	}
}

func isEmptyLine(line []byte) bool {
	return len(line) == 1 || len(line) == 2 && line[0] == '\r'
}

// unfold joins a continued line (obs-fold, RFC 9112 5.2) with the field before
// it, with one space between. Done here and in place: joining strings would take
// minutes for a head of nothing but continued lines.
func unfold(b []byte, line int, follows bool) []byte {
	if !follows || b[line] != ' ' && b[line] != '\t' {
		return b
	}
	more := bytes.TrimLeft(b[line:], " \t")
	b = append(bytes.TrimRight(b[:line], " \t\r\n"), ' ')
	return append(b, more...)
}

func cutLine(text string) (line, rest string) {
	line, rest, _ = strings.Cut(text, "\n")
	return strings.TrimSuffix(line, "\r"), rest
}

func (x *Response) statusLine(line string) error {
	version, rest, _ := strings.Cut(line, " ")
	code, _, _ := strings.Cut(strings.TrimLeft(rest, " "), " ")
	if len(version) != 8 || !strings.HasPrefix(version, "HTTP/1.") || version[7] < '0' || version[7] > '9' {
		return x.fault("it begins %.12q, which is no HTTP/1.x", version)
	}
	status, err := strconv.Atoi(code)
	if err != nil || len(code) != 3 || status < 100 {
		return x.fault("status code %.4q", code)
	}
	x.Status, x.proto10 = status, version == "HTTP/1.0"
	return nil
}

// fields splits header lines; a name that is no token is refused.
func (x *Response) fields(text string) ([]Field, error) {
	fields := make([]Field, 0, strings.Count(text, "\n"))
	for text != "" {
		var line string
		line, text = cutLine(text)
		name, value, ok := strings.Cut(line, ":")
		name = strings.TrimRight(name, " \t") // RFC 9112 5.1: a proxy removes it
		if !ok || !isToken(name) {
			// Not the line itself: what a server writes there by mistake, a warning of PHP's
			// for instance, may name a user, and this goes to the log.
			return nil, x.fault("header line %d has no name: %d bytes", len(fields)+1, len(line))
		}
		fields = append(fields, Field{name, cleanValue(value)})
	}
	return fields, nil
}

// cleanValue trims a value and makes each CR and NUL in it a space (RFC 9110
// 5.5): the phone's side might take them for the end of a line.
func cleanValue(v string) string {
	if strings.IndexByte(v, '\r') >= 0 || strings.IndexByte(v, 0) >= 0 {
		v = strings.NewReplacer("\r", " ", "\x00", " ").Replace(v)
	}
	return strings.Trim(v, " \t")
}

// isToken: RFC 9110 5.6.2.
func isToken(s string) bool {
	for i := 0; i < len(s); i++ {
		if !tokenChars[s[i]] {
			return false
		}
	}
	return s != ""
}

var tokenChars = func() (t [256]bool) {
	for c := byte('!'); c <= '~'; c++ {
		t[c] = strings.IndexByte(`()<>@,;:\"/[]?={}`, c) < 0
	}
	return t
}()
