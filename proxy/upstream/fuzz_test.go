package upstream

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"
)

// FuzzResponse reads arbitrary bytes as an answer, and once more byte by byte.
// What both we and net/http take for an answer has to mean the same to both.
func FuzzResponse(f *testing.F) {
	for _, seed := range []string{
		ok, "HTTP/1.1 200 OK\n\nbody", "HTTP/1.0 200 OK\nContent-Length: 1\n\nb", "HTTP/1.1 204\n\n", "HTTP/1.1 304 Not Modified\nContent-Length: 3\n\n",
		"HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n2;x=y\nok\n0\nTrailer: a\n b\n\n", "HTTP/1.1 100 Continue\n\nHTTP/1.1 103 Hints\nA: b\n\n" + ok,
		"HTTP/1.1 200 OK\nA: b\n c\n\td\nContent-Length: 0\n\n", "HTTP/1.1 200 OK\nContent-Length: 3\nContent-Length: 3\nTransfer-Encoding: chunked\n\n0\n\n",
		"HTTP/1.1 101 Switching\nUpgrade: x\n\nearly", "\n\nHTTP/1.1 200 OK\nA : b\nC:\x00d\n\n", "HTTP/1.1 200 OK\nTransfer-Encoding: gzip, chunked\n\n",
	} {
		f.Add([]byte(strings.ReplaceAll(seed, "\n", "\r\n")), false)
		f.Add([]byte(seed), true)
	}
	f.Fuzz(func(t *testing.T, answer []byte, head bool) {
		r := get()
		if head {
			r.Method = "HEAD"
		}
		whole := readAll(t, r, bytes.NewReader(answer))
		if pieces := readAll(t, r, iotest.OneByteReader(bytes.NewReader(answer))); pieces.text() != whole.text() {
			t.Fatalf("whole:  %s\npieces: %s", whole.text(), pieces.text())
		}
		if whole.err == nil && !whole.oldChunks {
			compare(t, r, answer, whole)
		}
	})
}

// reading is an answer as one reader understood it.
type reading struct {
	interims int
	status   int
	header   string // canonical names, runs of white space as one space
	body     string
	trailer  string
	err      error

	oldChunks bool // in HTTP/1.0: net/http reads until the close, RFC 9112 6.1 has the chunks count
}

func (r reading) text() string {
	if r.err != nil {
		return "error"
	}
	return http.StatusText(r.status) + "|" + r.header + "|" + r.body + "|" + r.trailer
}

func readAll(t *testing.T, r *Request, answer io.Reader) (got reading) {
	once := *r
	once.Interim = func(int, []Field) { got.interims++ }
	x, err := exchangeInMemory(&once, answer)
	if err != nil {
		return reading{err: err}
	}
	defer x.Close()
	body, failed := io.ReadAll(x.Body)
	if len(body) > 0 && x.Length >= 0 && int64(len(body)) > x.Length {
		t.Fatalf("%d bytes of %d", len(body), x.Length)
	}
	got.status, got.body, got.err, got.oldChunks = x.Status, string(body), failed, x.proto10 && x.Chunked
	got.header, got.trailer = join(headerOf(x.Header)), join(headerOf(x.Trailer))
	return got
}

func headerOf(fields []Field) http.Header {
	h := http.Header{}
	for _, f := range fields {
		h.Add(f.Name, f.Value)
	}
	return h
}

// join writes a header so that two of them can be compared.
func join(h http.Header) string {
	// net/http takes these out of the header, and joins lengths.
	for _, name := range []string{"Transfer-Encoding", "Content-Length", "Trailer", "Connection"} {
		h.Del(name)
	}
	var b strings.Builder
	_ = h.Write(&b)
	return strings.Join(strings.FieldsFunc(b.String(), func(c rune) bool { return c == ' ' || c == '\t' }), " ")
}

// isMended reports whether answer has in it what we mend and net/http leaves.
func isMended(answer []byte) bool {
	lines := bytes.ReplaceAll(answer, []byte("\r\n"), []byte("\n"))
	return bytes.ContainsAny(lines, "\x00\r") || bytes.Contains(lines, []byte(" :")) || bytes.Contains(lines, []byte("\t:"))
}

// compare reads the same bytes with net/http.
func compare(t *testing.T, r *Request, answer []byte, ours reading) {
	// It knows no empty lines before an answer (RFC 9112 2.2).
	answer = bytes.TrimLeft(answer, "\r\n")
	in := bufio.NewReader(bytes.NewReader(answer))
	for {
		x, err := http.ReadResponse(in, &http.Request{Method: r.Method})
		if err != nil {
			return // stricter than we are
		}
		if x.StatusCode < 200 && x.StatusCode != 101 {
			continue
		}
		body, err := io.ReadAll(x.Body)
		if err != nil {
			return
		}
		theirs := reading{status: x.StatusCode, header: join(x.Header), body: string(body), trailer: join(x.Trailer)}
		if x.StatusCode == 101 {
			theirs.body = "" // it lets the upgraded stream pass for the body
		}
		if theirs.text() != ours.text() && !isMended(answer) {
			t.Fatalf("ours:   %q\ntheirs: %q", ours.text(), theirs.text())
		}
		if theirs.body != ours.body || theirs.status != ours.status {
			t.Fatalf("ours:   %d %q\ntheirs: %d %q", ours.status, ours.body, theirs.status, theirs.body)
		}
		return
	}
}

// FuzzRequestHead: whatever a head is made of, net/http's server reads back one
// request with these very fields, or it is refused.
func FuzzRequestHead(f *testing.F) {
	f.Add("POST", "/a?b=c", "host.test", "X-Name", "value", "body")
	f.Add("GET", "*", "", "Content-Length", "4", "")
	f.Add("GET ", "/ HTTP/1.1\r\nA: b", "h\r\n\r\n", "A: b\r\nC", "\r\n d\x00", "GET / HTTP/1.1\r\n\r\n")
	f.Fuzz(func(t *testing.T, method, target, host, name, value, body string) {
		r := &Request{Method: method, Target: target, Host: host, Header: http.Header{name: {value}}, Bytes: []byte(body)}
		head, _, err := r.appendHead(nil)
		if err != nil {
			return
		}
		in := bufio.NewReader(strings.NewReader(string(head) + body + "next"))
		got, err := http.ReadRequest(in)
		if err != nil {
			return // a server refuses it: no harm
		}
		if _, err := io.ReadAll(got.Body); err != nil {
			return
		}
		if rest, _ := io.ReadAll(in); got.Method != method || got.RequestURI != target || string(rest) != "next" {
			t.Fatalf("%q: read as %s %q with %q left", head, got.Method, got.RequestURI, rest)
		}
	})
}
