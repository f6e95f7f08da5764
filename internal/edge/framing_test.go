package edge

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestRequestsWithTwoReadingsAreRefused(t *testing.T) {
	for name, c := range map[string]struct {
		head string
		want *refusal
	}{
		"length, then encoding":    {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n", lengthAndEncoding},
		"encoding, then length":    {"POST / HTTP/1.1\r\nTRANSFER-ENCODING: chunked\r\nHost: x\r\ncontent-length:\t6\r\n\r\n", lengthAndEncoding},
		"lone LF as line ends":     {"POST / HTTP/1.1\nContent-Length: 6\nTransfer-Encoding: chunked\n\n", lengthAndEncoding},
		"empty length":             {"POST / HTTP/1.1\r\nContent-Length:\r\nTransfer-Encoding: chunked\r\n\r\n", lengthAndEncoding},
		"HTTP/1.0 with encoding":   {"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", encodingInHTTP10},
		"HTTP/1.0 with both":       {"POST / HTTP/1.0\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n", encodingInHTTP10},
		"encoding hidden in fold":  {"POST / HTTP/1.1\r\nX: y\r\n Transfer-Encoding: chunked\r\n\r\n", foldedHeader},
		"length hidden by fold":    {"POST / HTTP/1.1\r\nContent-Length:\r\n\t6\r\n\r\n", foldedHeader},
		"chunk size not a number":  {"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0x3\r\nabc\r\n0\r\n\r\n", badChunk},
		"chunk longer than stated": {"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n", badChunk},
		"line without end":         {"GET /" + strings.Repeat("a", maxLine) + "\r\n", longLine},
	} {
		t.Run(name, func(t *testing.T) {
			var f framing
			n, err := f.pass([]byte(c.head))
			if !errors.Is(err, c.want) && c.want != longLine {
				t.Fatalf("got %v, want %v", err, c.want)
			}
			if err != nil && strings.Contains(c.head[:n], "\r\n\r\n") && c.want != badChunk {
				t.Errorf("the header passed to its end: %q", c.head[:n])
			}
			if err := oneByOne(&framing{}, c.head); !errors.Is(err, c.want) {
				t.Errorf("byte by byte: %v, want %v", err, c.want)
			}
		})
	}
}

// oneByOne passes bytes as they come from the slowest client.
func oneByOne(f *framing, text string) error {
	for i := range len(text) {
		if _, err := f.pass([]byte{text[i]}); err != nil {
			return err
		}
	}
	return nil
}

// request draws a request that HTTP allows.
func request(t *rapid.T) string {
	var b strings.Builder
	version := rapid.SampledFrom([]string{"1.1", "1.1", "1.0"}).Draw(t, "version")
	body := rapid.StringN(0, 300, -1).Draw(t, "body")
	framed := rapid.SampledFrom([]string{"none", "length", "chunked"}).Draw(t, "framing")
	end := rapid.SampledFrom([]string{"\r\n", "\n"}).Draw(t, "line end")
	fmt.Fprintf(&b, "%s /%s HTTP/%s%s", rapid.SampledFrom([]string{"GET", "POST", "RPC_IN_DATA"}).Draw(t, "method"),
		strings.Repeat("p", rapid.IntRange(0, 5000).Draw(t, "path")), version, end)
	fmt.Fprintf(&b, "Host: x%sX-Content-Length: 9%sContent-Length-X: 9%sTE: trailers%s", end, end, end, end)
	switch {
	case framed == "length":
		fmt.Fprintf(&b, "Content-Length: %d%s%s%s", len(body), end, end, body)
	case framed == "chunked" && version == "1.1":
		fmt.Fprintf(&b, "Transfer-Encoding: Chunked%s%s", end, end)
		for body != "" {
			n := rapid.IntRange(1, len(body)).Draw(t, "chunk")
			fmt.Fprintf(&b, "%0*X%s\r\n%s\r\n", rapid.IntRange(1, 6).Draw(t, "digits"), n, rapid.SampledFrom([]string{"", ";a=b"}).Draw(t, "extension"), body[:n])
			body = body[n:]
		}
		b.WriteString(rapid.SampledFrom([]string{"0\r\n\r\n", "0\r\nX-Sum: 1\r\n\r\n"}).Draw(t, "last"))
	default:
		b.WriteString(end)
	}
	return b.String()
}

// Whatever the requests on a connection and however TCP cuts them: good ones
// pass whole, and of a bad one net/http gets too little to make a request of it.
func TestGoodRequestsPassAndNoneAfterABadOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		good := rapid.SliceOfN(rapid.Custom(request), 0, 4).Draw(t, "good")
		bad := rapid.SampledFrom([]string{"",
			"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + get,
			"POST / HTTP/1.0\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + get,
		}).Draw(t, "bad")
		var f framing
		var passed []byte
		var err error
		for _, piece := range cut(t, []byte(strings.Join(good, "")+bad)) {
			var n int
			if n, err = f.pass(piece); err != nil {
				passed = append(passed, piece[:n]...)
				break
			}
			passed = append(passed, piece...)
		}
		if (err != nil) != (bad != "") {
			t.Fatalf("error %v on %q", err, passed)
		}
		if n := countRequests(passed); n != len(good) {
			t.Fatalf("net/http reads %d requests of %d", n, len(good))
		}
		if err == nil && (f.part != requestLine || f.data != 0 || f.line != nil) {
			t.Fatalf("not at the start of a request: %+v", f)
		}
	})
}

// countRequests reads requests as http.Server does.
func countRequests(stream []byte) (n int) {
	from := bufio.NewReader(bytes.NewReader(stream))
	for {
		r, err := http.ReadRequest(from)
		if err != nil {
			return n
		}
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			return n
		}
		n++
	}
}

// FuzzFraming holds framing against net/http's reading: where net/http takes a
// stream as whole requests of HTTP/1, framing ends between requests too, and
// how TCP cuts the stream changes nothing.
func FuzzFraming(f *testing.F) {
	f.Add([]byte(get + get))
	f.Add([]byte("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc" + get))
	f.Add([]byte("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3;x\r\nabc\r\n0\r\nA: b\r\n\r\n" + get))
	f.Add([]byte("POST / HTTP/1.0\nHost: x\nContent-Length: 1\n\nabc"))
	f.Add([]byte("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		var whole, cut framing
		n, err := whole.pass(data)
		if each := oneByOne(&cut, string(data)); !errors.Is(each, err) {
			t.Fatalf("whole: %v, byte by byte: %v", err, each)
		}
		if err == nil && wholeRequests(data) && (whole.part != requestLine || whole.data != 0 || whole.line != nil) {
			t.Fatalf("net/http is at the end of a request, framing is not: %+v", whole)
		}
		if n < len(data) && err == nil || n > len(data) {
			t.Fatalf("%d of %d bytes passed", n, len(data))
		}
	})
}

// wholeRequests tells whether net/http reads data as HTTP/1 requests and
// nothing else.
func wholeRequests(data []byte) bool {
	from := bufio.NewReader(bytes.NewReader(data))
	for {
		if _, err := from.Peek(1); err != nil {
			return true
		}
		r, err := http.ReadRequest(from)
		if err != nil || r.ProtoMajor != 1 {
			return false
		}
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			return false
		}
	}
}

// The fastest part of a request is what framing may cost: a phone's Ping with
// the headers that phones send.
func BenchmarkFraming(b *testing.B) {
	ping := []byte("POST /Microsoft-Server-ActiveSync?Cmd=Ping&User=u%40example.com&DeviceId=ApplDNPFX123&DeviceType=iPhone HTTP/1.1\r\n" +
		"Host: mail.example.com\r\nContent-Type: application/vnd.ms-sync.wbxml\r\nMS-ASProtocolVersion: 14.1\r\nConnection: keep-alive\r\n" +
		"Accept: */*\r\nUser-Agent: Apple-iPhone12C1/1902.86\r\nAuthorization: Basic dXNlcjpwYXNzd29yZA==\r\nAccept-Language: en-us\r\n" +
		"X-MS-PolicyKey: 1234567890\r\nAccept-Encoding: gzip, deflate\r\nContent-Length: 13\r\n\r\n\x03\x01\x6a\x00\x00\x0d\x45\x48\x03\x31\x00\x01\x01")
	b.ReportAllocs()
	var f framing
	for b.Loop() {
		if _, err := f.pass(ping); err != nil {
			b.Fatal(err)
		}
	}
}
