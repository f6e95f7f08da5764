package upstream

import (
	"net/http/httputil"
	"slices"
	"strconv"
	"strings"
)

// framing is what the fields of an answer say about its end.
type framing struct {
	length     int64 // -1: no Content-Length
	codings    string
	close      bool
	persistent bool // says keep-alive, which HTTP/1.0 must
	somebodys  bool // the server knows the connection as one user's
}

// frame decides where the body ends, RFC 9112 6.3, and whether the connection
// lives on.
func (x *Response) frame() error {
	f, err := x.framing()
	if err != nil {
		return err
	}
	x.closing = x.closing || f.close || x.proto10 && !f.persistent || f.somebodys && !x.conn.pinned
	chunked := f.codings != ""
	switch {
	case x.Status == 101:
		x.closing = true // no HTTP follows: it is not for the pool, whoever forgets Upgraded
		fallthrough
	case x.bodiless, x.Status == 204, x.Status == 304, !chunked && f.length == 0:
		x.Length, x.Body, x.complete = 0, none{}, true
	case chunked:
		x.frameChunks(f)
	case f.length > 0:
		x.Length, x.Body = f.length, &counted{x: x, left: f.length}
	default:
		x.Length, x.closing, x.Body = -1, true, &untilClose{x}
	}
	return nil
}

func (x *Response) framing() (framing, error) {
	f := framing{length: -1}
	for _, h := range x.Header {
		switch {
		case strings.EqualFold(h.Name, "Connection"):
			f.connectionOptions(h.Value)
		case strings.EqualFold(h.Name, "Transfer-Encoding"):
			// We have not said TE: whatever is not plain chunks is not ours to
			// undo, and passed on as it is the phone would take it for the body.
			if f.codings != "" || !strings.EqualFold(h.Value, "chunked") {
				return f, x.fault("Transfer-Encoding %.40q", h.Value)
			}
			f.codings = h.Value
		case strings.EqualFold(h.Name, "Content-Length"):
			n, err := strconv.ParseUint(h.Value, 10, 63)
			if err != nil || f.length >= 0 && f.length != int64(n) {
				return f, x.fault("Content-Length %.40q", h.Value)
			}
			f.length = int64(n)
		case strings.EqualFold(h.Name, "Persistent-Auth"):
			// IIS says so of a connection that it has authenticated. If it did
			// that by a scheme we do not know, the next client would inherit the name.
			f.somebodys = !strings.EqualFold(h.Value, "false")
		}
	}
	return f, nil
}

func (f *framing) connectionOptions(value string) {
	for option := range strings.SplitSeq(value, ",") {
		option = strings.TrimSpace(option)
		f.close = f.close || strings.EqualFold(option, "close")
		f.persistent = f.persistent || strings.EqualFold(option, "keep-alive")
	}
}

// frameChunks: with both framings in one answer, or chunks in HTTP/1.0, the chunks
// count and the connection is not trusted afterwards (RFC 9112 6.1, 6.3: response
// splitting).
func (x *Response) frameChunks(f framing) {
	if f.length >= 0 {
		x.Header = slices.DeleteFunc(x.Header, func(h Field) bool { return strings.EqualFold(h.Name, "Content-Length") })
	}
	x.closing = x.closing || f.length >= 0 || x.proto10
	x.Chunked, x.Length = true, -1
	x.Body = &chunks{x: x, r: httputil.NewChunkedReader(x.conn.reader)}
}
