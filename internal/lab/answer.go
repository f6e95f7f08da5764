package lab

import (
	"bytes"
	"compress/gzip"
	"io"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"sync"
)

const wbxmlType = "application/vnd.ms-sync.wbxml"

// answer is what a command answers, before it is put on the wire.
type answer struct {
	code   int
	header http.Header // keys in the spelling that goes on the wire
	body   []byte
	stream io.Reader // instead of body, for what is too large to hold
	size   int64     // of stream
}

// reply answers with a document.
func reply(root *node) *answer {
	return &answer{code: http.StatusOK, header: http.Header{"Content-Type": {wbxmlType}}, body: root.encode()}
}

// empty answers 200 without a body and without Content-Type: MS-ASHTTP 2.2.2.1.3.
func empty() *answer { return &answer{code: http.StatusOK, header: http.Header{}} }

// refuse answers an HTTP error with a short text, as IIS does.
func refuse(code int) *answer {
	return &answer{code: code, header: http.Header{"Content-Type": {"text/html"}},
		body: []byte("<html><body>" + strconv.Itoa(code) + " " + http.StatusText(code) + "</body></html>\r\n")}
}

// length is the number of body bytes.
func (a *answer) length() int64 {
	if a.stream != nil {
		return a.size
	}
	return int64(len(a.body))
}

// reader reads the body.
func (a *answer) reader() io.Reader {
	if a.stream != nil {
		return a.stream
	}
	return bytes.NewReader(a.body)
}

// packers are kept: each is 800 KB, and most answers are a hundred bytes.
var packers = sync.Pool{New: func() any { return gzip.NewWriter(nil) }}

// compress packs the body if the client offers it and there is one to pack: an empty answer must stay empty.
func (a *answer) compress(r *http.Request) {
	if a.length() == 0 || !strings.Contains(strings.Join(r.Header["Accept-Encoding"], ","), "gzip") {
		return
	}
	var packed bytes.Buffer
	z := packers.Get().(*gzip.Writer)
	defer packers.Put(z)
	z.Reset(&packed)
	io.Copy(z, a.reader())
	z.Close()
	a.body, a.stream = packed.Bytes(), nil
	a.header["Content-Encoding"] = []string{"gzip"}
}

// serverHeader is what Exchange puts on each answer, in its spelling.
var serverHeader = http.Header{
	"Cache-Control":        {"private"},
	"Server":               {"Microsoft-IIS/10.0"},
	"MS-Server-ActiveSync": {"15.2"},
	"X-FEServer":           {"LAB"},
}

// send puts an answer on the wire the way it should be.
func (s *Server) send(w http.ResponseWriter, a *answer) {
	h := w.Header()
	maps.Copy(h, serverHeader)
	maps.Copy(h, a.header)
	n := a.length()
	if a.header["Content-Type"] == nil {
		h["Content-Type"] = nil // otherwise net/http looks at the body and makes one up
	}
	if n == 0 || !s.cfg.Chunked {
		h["Content-Length"] = []string{strconv.FormatInt(n, 10)}
	}
	w.WriteHeader(a.code)
	if n == 0 {
		return
	}
	if s.cfg.Chunked {
		http.NewResponseController(w).Flush() // a head without a length on its way: net/http must chunk
	}
	io.Copy(w, a.reader())
}
