package lab

import (
	"bufio"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Framing is how a message says where its body ends (RFC 9112 6).
type Framing uint8

const (
	FramedNone    Framing = iota // no body
	FramedLength                 // Content-Length
	FramedChunked                // Transfer-Encoding: chunked
)

// Field is one header line as it stood on the wire.
type Field struct{ Name, Value string }

// Recorded is one request as it came.
type Recorded struct {
	Conn, Nth int // the recorder's count of connections, and of requests on it, both from 1

	Head                  string // all of it, from the first byte to the empty line
	Method, Target, Proto string
	Fields                []Field // in their order and spelling

	Framing  Framing
	Length   int64    // Content-Length, with FramedLength
	Body     []byte   // its first BodyKept bytes
	BodySize int64    // how long it was in all
	BodySum  [32]byte // SHA-256 of all of it, once it was read to its end
	Chunks   []int    // sizes of the chunks as they came, the first 10,000
	Trailer  []Field
	Err      error // why the connection ended after this request; nil if it did not
}

// BodyKept is how much of a body a Recorder keeps; of more, size and sum are known.
const BodyKept = 32 << 20

// headMost bounds a head, chunksKept the sizes that are remembered.
const (
	headMost   = 1 << 20
	chunksKept = 10_000
)

// Get gives the first value of a header, its name in any case; "" without one.
func (r *Recorded) Get(name string) string {
	if v := r.Values(name); len(v) > 0 {
		return v[0]
	}
	return ""
}

// Values gives every value of a header, its name in any case.
func (r *Recorded) Values(name string) (values []string) {
	for _, f := range r.Fields {
		if strings.EqualFold(f.Name, name) {
			values = append(values, f.Value)
		}
	}
	return values
}

// Has says whether a header was there in exactly this spelling.
func (r *Recorded) Has(name string) bool {
	for _, f := range r.Fields {
		if f.Name == name {
			return true
		}
	}
	return false
}

// readHead reads a request line and its header by hand. What it cannot read is an error: a recorder that guessed
// would hide what a proxy did wrong.
func readHead(in *bufio.Reader) (*Recorded, error) {
	line, err := readLine(in, headMost)
	if err != nil {
		return nil, err
	}
	r := &Recorded{Head: line}
	text := strings.TrimRight(line, "\r\n")
	first, last := strings.IndexByte(text, ' '), strings.LastIndexByte(text, ' ')
	if first <= 0 || first == last {
		return nil, fmt.Errorf("lab: request line %q", line)
	}
	r.Method, r.Target, r.Proto = text[:first], text[first+1:last], text[last+1:]
	raw, fields, err := readFields(in)
	if err != nil {
		return nil, err
	}
	r.Head += raw
	r.Fields = fields
	return r, r.frame()
}

// frame reads from the header how the body ends.
func (r *Recorded) frame() (err error) {
	switch length := r.Get("Content-Length"); {
	case strings.EqualFold(r.Get("Transfer-Encoding"), "chunked"):
		r.Framing = FramedChunked
	case length != "":
		r.Framing = FramedLength
		if r.Length, err = strconv.ParseInt(length, 10, 64); err == nil && r.Length < 0 {
			err = fmt.Errorf("lab: Content-Length %q", length)
		}
	}
	return err
}

// readFields reads header or trailer lines up to and with the empty one.
func readFields(in *bufio.Reader) (raw string, fields []Field, err error) {
	var all strings.Builder
	for {
		line, err := readLine(in, headMost-all.Len())
		if err != nil {
			return "", nil, err
		}
		all.WriteString(line)
		text := strings.TrimRight(line, "\r\n")
		if text == "" {
			return all.String(), fields, nil
		}
		name, value, ok := strings.Cut(text, ":")
		if !ok {
			return "", nil, fmt.Errorf("lab: header line %q", line)
		}
		fields = append(fields, Field{name, strings.Trim(value, " \t")})
	}
}

// readLine reads to a line feed, which it keeps.
func readLine(in *bufio.Reader, most int) (string, error) {
	var line []byte
	for {
		part, err := in.ReadSlice('\n')
		line = append(line, part...)
		switch {
		case len(line) > most:
			return "", errors.New("lab: head is longer than 1 MiB")
		case err == nil:
			return string(line), nil
		case !errors.Is(err, bufio.ErrBufferFull):
			return "", err
		}
	}
}
