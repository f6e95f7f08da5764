package upstream

import (
	"bufio"
	"io"
	"strconv"
	"strings"
)

// maxHead bounds the head of an answer: Kerberos and cookie headers reach some
// tens of kilobytes, a server gone mad has no limit of its own.
const maxHead = 256 << 10

// readHead reads one status line and its fields, RFC 9112 4 and 5. All names
// and values share one string: one allocation for a head.
func (x *Response) readHead() error {
	text, err := readLines(x.conn.reader)
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

// readLines reads up to and including the empty line.
func readLines(br *bufio.Reader) (string, error) {
	var buf [1024]byte
	b := buf[:0]
	start := 0 // of the line that is being read
	for {
		part, err := br.ReadSlice('\n')
		b = append(b, part...)
		if len(b) > maxHead {
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
		empty := isEmptyLine(b[start:])
		switch {
		case empty && start > 0:
			return string(b), nil
		case empty:
			b = b[:0] // an empty line before the status line, RFC 9112 2.2
		}
		start = len(b)
	}
}

func isEmptyLine(line []byte) bool {
	return len(line) == 1 || len(line) == 2 && line[0] == '\r'
}

func cutLine(text string) (line, rest string) {
	line, rest, _ = strings.Cut(text, "\n")
	return strings.TrimSuffix(line, "\r"), rest
}

func (x *Response) statusLine(line string) error {
	version, rest, _ := strings.Cut(line, " ")
	code, _, _ := strings.Cut(rest, " ")
	if len(version) != 8 || !strings.HasPrefix(version, "HTTP/1.") {
		return x.fault("status line %.40q", line)
	}
	status, err := strconv.Atoi(code)
	if err != nil || len(code) != 3 || status < 100 {
		return x.fault("status code in %.40q", line)
	}
	x.Status, x.proto10 = status, version == "HTTP/1.0"
	return nil
}

// fields splits header lines. A continued line (obs-fold, RFC 9112 5.2) is
// joined with a space; a name that is no token is refused.
func (x *Response) fields(text string) ([]Field, error) {
	fields := make([]Field, 0, strings.Count(text, "\n"))
	for {
		var line string
		line, text = cutLine(text)
		if line == "" {
			return fields, nil
		}
		if (line[0] == ' ' || line[0] == '\t') && len(fields) > 0 {
			last := &fields[len(fields)-1]
			last.Value = strings.TrimSpace(last.Value + " " + strings.TrimSpace(line))
			continue
		}
		name, value, ok := strings.Cut(line, ":")
		if !ok || !isToken(name) {
			return nil, x.fault("header line %.40q", line)
		}
		fields = append(fields, Field{name, strings.Trim(value, " \t")})
	}
}

func isToken(s string) bool {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c <= ' ' || c >= 0x7f || strings.IndexByte(`()<>@,;:\"/[]?={}`, c) >= 0 {
			return false
		}
	}
	return s != ""
}
