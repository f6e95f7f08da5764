package proxy

import (
	"bufio"
	"slices"
	"strings"
	"testing"

	"github.com/diastole/diastole/internal/lab"
)

const easSync = "/Microsoft-Server-ActiveSync?Cmd=Sync&User=u&DeviceId=d&DeviceType=t"

// allBytes is a body that no text handling survives.
var allBytes = func() string {
	b := make([]byte, 256)
	for i := range b {
		b[i] = byte(i)
	}
	return string(b)
}()

// requestKinds are requests as clients send them; Host is added.
var requestKinds = []struct{ name, head, body string }{
	{"GET", "GET /owa/ HTTP/1.1\n", ""},
	{"GET with an empty query", "GET /owa/? HTTP/1.1\n", ""},
	{"HEAD", "HEAD /owa/x.png HTTP/1.1\n", ""},
	{"OPTIONS with a query", "OPTIONS " + easSync + " HTTP/1.1\nMS-ASProtocolVersion: 2.5\n", ""},
	{"OPTIONS with Content-Length: 0", "OPTIONS /Microsoft-Server-ActiveSync HTTP/1.1\nContent-Length: 0\n", ""},
	{"POST with a length", "POST " + easSync + " HTTP/1.1\nContent-Type: application/vnd.ms-sync.wbxml\nContent-Length: 256\n", allBytes},
	{"POST with Content-Length: 0", "POST " + easSync + " HTTP/1.1\nContent-Length: 0\n", ""},
	{"POST without a word of its body", "POST /x HTTP/1.1\n", ""},
	{"POST in chunks", "POST /x HTTP/1.1\nTransfer-Encoding: chunked\n", "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"},
	{"POST in chunks to ActiveSync", "POST " + easSync + " HTTP/1.1\nTransfer-Encoding: chunked\n", "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"},
	{"POST in no chunk at all", "POST /x HTTP/1.1\nTransfer-Encoding: chunked\n", "0\r\n\r\n"},
	{"POST in chunks with a trailer", "POST /x HTTP/1.1\nTransfer-Encoding: chunked\nTrailer: X-Sum\n", "3\r\nabc\r\n0\r\nX-Sum: 9\r\n\r\n"},
	{"Ping", "POST /Microsoft-Server-ActiveSync?Cmd=Ping&User=u&DeviceId=d&DeviceType=t HTTP/1.1\nContent-Length: 14\n", "\x03\x01\x6a\x00\x00\x0d\x45\x48\x039\x00\x01\x01\x00"},
	{"Ping in chunks", "POST /Microsoft-Server-ActiveSync?Cmd=Ping&User=u&DeviceId=d&DeviceType=t HTTP/1.1\nTransfer-Encoding: chunked\n", "1\r\n\x03\r\n4\r\n\x01\x6a\x00\x00\r\n0\r\n\r\n"},
	{"empty Ping", "POST /microsoft-server-activesync/?Cmd=Ping&User=u&DeviceId=d&DeviceType=t HTTP/1.1\nContent-Length: 0\n", ""},
	{"Ping of 1 MB", "POST /Microsoft-Server-ActiveSync?Cmd=Ping&User=u&DeviceId=d&DeviceType=t HTTP/1.1\nContent-Length: 1048576\n", strings.Repeat(allBytes, 4096)},
	{"PUT", "PUT /x HTTP/1.1\nContent-Length: 3\n", "abc"},
	{"PATCH", "PATCH /x HTTP/1.1\nContent-Length: 3\n", "abc"},
	{"DELETE", "DELETE /x HTTP/1.1\n", ""},
	{"DELETE with a body", "DELETE /x HTTP/1.1\nContent-Length: 3\n", "abc"},
	{"PROPFIND", "PROPFIND /dav/ HTTP/1.1\nDepth: 1\nContent-Length: 3\n", "<a>"},
	{"REPORT in chunks", "REPORT /dav/ HTTP/1.1\nTransfer-Encoding: chunked\n", "3\r\n<a>\r\n0\r\n\r\n"},
	{"an invented method", "BREW /pot HTTP/1.1\nAccept-Additions: milk\n", ""},
	{"RPC_OUT_DATA", "RPC_OUT_DATA /rpc/rpcproxy.dll?ex:6001 HTTP/1.1\nContent-Length: 76\nPragma: ResourceTypeUuid=44e265dd,MinConnTimeout=120\n", allBytes[:76]},
	{"RPC_IN_DATA with Content-Length: 0", "RPC_IN_DATA /rpc/rpcproxy.dll?ex:6001 HTTP/1.1\nContent-Length: 0\n", ""},
	{"BITS of an address book", "GET /OAB/x.lzx HTTP/1.1\nRange: bytes=0-99,200-\nIf-None-Match: \"a\"\n", ""},
	{"base64 query", "POST /Microsoft-Server-ActiveSync?jRIJBAp2MTQwRGV2+/NlBGJ4P3kKU21hcnRQaG9uZQ== HTTP/1.1\nContent-Length: 0\n", ""},
	{"bad escapes in the query", "GET /x?User=100%&b=%zz&&=& HTTP/1.1\n", ""},
	{"semicolons in the query", "GET /x?a=1;b=2;c HTTP/1.1\n", ""},
	{"backslash and UTF-8 in the query", "GET /x?User=DOM\\j\xc3\xbcrgen HTTP/1.1\n", ""},
	{"unsorted query", "GET /x?z=1&a=2&z=0 HTTP/1.1\n", ""},
	{"path with escapes", "GET /a%2Db/%7Ec/%2F%5c HTTP/1.1\n", ""},
	{"path with doubled slashes and dots", "GET //owa//./../x HTTP/1.1\n", ""},
	{"path in UTF-8", "GET /caf\xc3\xa9/\xff HTTP/1.1\n", ""},
	{"spelling of the specifications", "POST /x HTTP/1.1\nMS-ASProtocolVersion: 14.1\nX-MS-PolicyKey: 1436138917\nMS-ASAcceptMultiPart: T\nSOAPAction: \"\"\nX-MS-WL: a\nclient-request-id: {1}\nContent-Length: 0\n", ""},
	{"WebSocket's headers without an upgrade", "GET /x HTTP/1.1\nSec-WebSocket-Key: a\nSec-WebSocket-Version: 13\n", ""},
	{"the same header twice", "GET /x HTTP/1.1\nX-A: 1\nX-A: 2\nAccept: a\nAccept: b\n", ""},
	{"empty and padded values", "GET /x HTTP/1.1\nX-Empty:\nX-Padded:    a  b   \n", ""},
	{"cookies", "GET /owa/ HTTP/1.1\nCookie: a=1; b=\"2\"\nCookie: c=3\n", ""},
	{"a Kerberos token of 48 KB", "GET /x HTTP/1.1\nX-Token: " + strings.Repeat("YIIB", 12<<10) + "\n", ""},
	{"bytes beyond ASCII in a value", "GET /x HTTP/1.1\nX-Name: j\xfcrgen \xe2\x82\xac\n", ""},
	{"Basic", "GET /x HTTP/1.1\nAuthorization: Basic dTpw\n", ""},
	{"Bearer without a token", "GET /x HTTP/1.1\nAuthorization: Bearer\n", ""},
	{"packed body", "POST /x HTTP/1.1\nContent-Encoding: gzip\nContent-Length: 4\n", "\x1f\x8b\x08\x00"},
	{"what may be packed", "GET /x HTTP/1.1\nAccept-Encoding: gzip, deflate, br;q=0\n", ""},
	{"nothing may be packed", "GET /x HTTP/1.1\nAccept-Encoding:\n", ""},
	{"no User-Agent", "GET /x HTTP/1.1\nAccept: */*\n", ""},
	{"Cache-Control without Pragma", "GET /x HTTP/1.1\nCache-Control: max-age=0\n", ""},
	{"form upload", "POST /x HTTP/1.1\nContent-Type: multipart/form-data; boundary=\"--b\"\nContent-Length: 12\n", "----b\r\n\r\n-- "},
	{"200 KB", "POST /x HTTP/1.1\nContent-Length: 204800\n", strings.Repeat(allBytes, 800)},
	{"trailers wanted", "GET /x HTTP/1.1\nTE: trailers\nConnection: TE\n", ""},
	{"absolute form", "GET http://mail.example.test/x?y HTTP/1.1\n", ""},
}

// TestEveryKindOfRequestArrivesUntouched: bodies byte for byte, framing, target,
// and the same headers in the same spelling, but for those of one connection and
// X-Forwarded-*.
func TestEveryKindOfRequestArrivesUntouched(t *testing.T) {
	rec, front := recording(t, lab.Answer("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"))
	for _, kind := range requestKinds {
		t.Run(kind.name, func(t *testing.T) {
			raw := strings.ReplaceAll(kind.head, "\n", "\r\n") + "Host: mail.example.test\r\n\r\n" + kind.body
			p := call(t, front)
			p.send(t, raw)
			p.receive(t, false)
			got := next(t, rec)
			sent, err := readMessage(bufio.NewReader(strings.NewReader(raw)), false)
			if err != nil {
				t.Fatal(err)
			}
			words := strings.SplitN(sent.first, " ", 3)
			target := strings.TrimPrefix(words[1], "http://mail.example.test")
			if got.Method != words[0] || got.Target != target || got.Framing != sent.framing || string(got.Body) != sent.body {
				t.Errorf("sent %.80q, framed %d, body of %d;\ngot %q %q, framed %d, body of %d", sent.first, sent.framing, len(sent.body),
					got.Method, got.Target, got.Framing, len(got.Body))
			}
			hop := []string{"Connection", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto"}
			if want, have := without(sent.fields, hop...), without(got.Fields, hop...); !slices.Equal(want, have) {
				t.Errorf("headers\nsent %q\ngot  %q", want, have)
			}
			if !slices.Equal(sent.trailer, got.Trailer) {
				t.Errorf("trailer: sent %q, got %q", sent.trailer, got.Trailer)
			}
		})
	}
}
