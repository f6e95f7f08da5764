package edge

import (
	"bytes"
	"strconv"
)

// framing follows where HTTP/1 requests begin and end, and finds what
// net/http accepts without letting a handler see it:
//
//   - Content-Length beside Transfer-Encoding. net/http deletes the length,
//     takes the encoding and keeps the connection, although RFC 9112 6.1 says
//     that a server MUST close it.
//   - Transfer-Encoding in HTTP/1.0. net/http deletes it and takes the length;
//     RFC 9112 6.1 says to treat the framing as faulty and to close.
//   - Folded header lines, with which the two above can be hidden; RFC 9112 5.2
//     gives a server the choice to refuse them.
//
// A proxy in front of us that reads such a request otherwise lets one client
// put words into the mouth of the next (request smuggling). The request must be
// refused before it is parsed: afterwards nothing tells it from a good one.
//
// A lone LF as line end stays allowed (RFC 9112 2.2): the header block is
// written anew towards the upstream, so no second reader sees it.
//
// All parts of a request but its body's data are lines, so framing splits lines
// and counts data. Whatever else is wrong with them is left to net/http. Of an
// unfinished line it keeps the beginning and the end.
type framing struct {
	part    part
	data    uint64 // bytes of body still to come that are no lines
	line    []byte // a line whose end has not come yet, without its middle
	long    int    // how long that line is by now
	old     bool   // HTTP/1.0
	encoded bool   // Transfer-Encoding seen
	sized   bool   // Content-Length seen
	size    uint64 // its value
}

// part is what the next line is.
type part uint8

const (
	requestLine part = iota
	headerLine
	chunkSize
	chunkEnd // the empty line after a chunk's data
	trailerLine
)

// maxLine is longer than any line of a header block within limits.headerBytes,
// so that net/http answers 431 first.
const maxLine = 256 << 10

// kept is how much of a line that comes in pieces is kept: net/http has the whole
// of it, and a stranger may send 128 KiB of header without ever ending the line.
// Nothing is decided by its middle: a length that net/http accepts has none but
// zeroes and blanks there.
const kept = 512

// refusal is why a request is not read to its end.
type refusal struct{ reason, text string }

func (r *refusal) Error() string { return r.text }

var (
	lengthAndEncoding = &refusal{"length-and-encoding", "Content-Length and Transfer-Encoding in one request (RFC 9112 6.1)"}
	encodingInHTTP10  = &refusal{"encoding-in-http10", "Transfer-Encoding in an HTTP/1.0 request (RFC 9112 6.1)"}
	foldedHeader      = &refusal{"folded-header", "folded header line (RFC 9112 5.2)"}
	badChunk          = &refusal{"bad-chunk", "malformed chunk (RFC 9112 7.1)"}
	longLine          = &refusal{"long-line", "line without end"}
)

// pass says how many bytes of p may go on to net/http. When it is fewer than
// len(p), the last of them ends the line that err is about, and nothing after
// it may ever be read. A request that is refused by its header thus never
// becomes complete, and good requests before it are served.
func (f *framing) pass(p []byte) (n int, err error) {
	for n < len(p) {
		if f.data > 0 {
			skip := min(f.data, uint64(len(p)-n))
			f.data -= skip
			n += int(skip)
			continue
		}
		end := bytes.IndexByte(p[n:], '\n') + 1
		if end == 0 {
			return len(p), f.keep(p[n:])
		}
		line := p[n : n+end]
		n += end
		if f.line != nil {
			line, f.line, f.long = append(f.line, line...), nil, 0
		}
		if err := f.read(trimEnd(line)); err != nil {
			return n, err
		}
	}
	return n, nil
}

func (f *framing) keep(p []byte) error {
	if f.long += len(p); f.long > maxLine {
		return longLine
	}
	line := append(f.line, p...)
	if len(line) > kept {
		line = append(line[:kept/2:kept/2], line[len(line)-kept/2:]...)
	}
	f.line = line
	return nil
}

// between reports whether all that has passed are whole requests.
func (f *framing) between() bool { return f.part == requestLine && f.data == 0 && f.line == nil }

// trimEnd takes CR LF or LF off a line, as net/textproto does.
func trimEnd(line []byte) []byte {
	return bytes.TrimSuffix(line[:len(line)-1], []byte("\r"))
}

func (f *framing) read(line []byte) error {
	switch f.part {
	case requestLine:
		if len(line) > 0 { // empty lines before a request are ignored (RFC 9112 2.2)
			*f = framing{part: headerLine, old: bytes.HasSuffix(line, []byte(" HTTP/1.0"))}
		}
	case headerLine:
		return f.readHeader(line)
	case chunkSize:
		return f.readChunkSize(line)
	case chunkEnd:
		f.part = chunkSize
		if len(line) > 0 {
			return badChunk
		}
	case trailerLine:
		if len(line) == 0 {
			f.part = requestLine
		}
	}
	return nil
}

func (f *framing) readHeader(line []byte) error {
	if len(line) == 0 {
		f.readEndOfHeader()
		return nil
	}
	if line[0] == ' ' || line[0] == '\t' {
		return foldedHeader
	}
	// The length of the name decides first: most lines are done with it.
	switch colon := bytes.IndexByte(line, ':'); {
	case colon == len("Content-Length") && bytes.EqualFold(line[:colon], []byte("Content-Length")):
		f.sized = true
		// Not a number: net/http answers 400 and closes.
		f.size, _ = strconv.ParseUint(string(bytes.TrimSpace(line[colon+1:])), 10, 63)
	case colon == len("Transfer-Encoding") && bytes.EqualFold(line[:colon], []byte("Transfer-Encoding")):
		f.encoded = true
	}
	switch {
	case f.encoded && f.old:
		return encodingInHTTP10
	case f.encoded && f.sized:
		return lengthAndEncoding
	}
	return nil
}

func (f *framing) readEndOfHeader() {
	f.part, f.data = requestLine, f.size
	if f.encoded { // anything but "chunked" is answered 501 by net/http
		f.part = chunkSize
	}
}

func (f *framing) readChunkSize(line []byte) error {
	digits, _, _ := bytes.Cut(line, []byte(";"))
	size, err := strconv.ParseUint(string(bytes.TrimRight(digits, " \t")), 16, 64)
	if err != nil {
		return badChunk
	}
	f.part, f.data = chunkEnd, size
	if size == 0 {
		f.part = trailerLine
	}
	return nil
}
