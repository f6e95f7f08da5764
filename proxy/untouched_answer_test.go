package proxy

import (
	"bufio"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/diastole/diastole/internal/lab"
)

// answerKinds are answers as servers give them; request is GET / if empty.
var answerKinds = []struct{ name, request, head, body string }{
	{"200 with a length", "", "200 OK\nContent-Type: text/plain\nContent-Length: 256\n", allBytes},
	{"empty Sync of Z-Push", "", "200 OK\nContent-Type: application/vnd.ms-sync.wbxml\nContent-Length: 0\n", ""},
	{"empty without a type", "", "200 OK\nContent-Length: 0\n", ""},
	{"HTML without a type", "", "200 OK\nContent-Length: 14\n", "<html>x</html>"},
	{"an empty type", "", "200 OK\nContent-Type:\nContent-Length: 6\n", "<html>"},
	{"chunks", "", "200 OK\nContent-Type: text/xml\nTransfer-Encoding: chunked\n", "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"},
	{"one short chunk", "", "200 OK\nTransfer-Encoding: chunked\n", "1\r\na\r\n0\r\n\r\n"},
	{"no chunk", "", "200 OK\nTransfer-Encoding: chunked\n", "0\r\n\r\n"},
	{"chunks with an announced trailer", "", "200 OK\nTrailer: X-Sum\nTransfer-Encoding: chunked\n", "3\r\nabc\r\n0\r\nX-Sum: 9\r\n\r\n"},
	{"chunks with a trailer out of the blue", "", "200 OK\nTransfer-Encoding: chunked\n", "3\r\nabc\r\n0\r\nX-MS-Late: 9\r\n\r\n"},
	{"HEAD with a length", "HEAD / HTTP/1.1", "200 OK\nContent-Type: text/plain\nContent-Length: 4711\n", ""},
	{"204", "", "204 No Content\nX-A: 1\n", ""},
	{"206", "", "206 Partial Content\nContent-Range: bytes 0-2/9\nContent-Length: 3\n", "abc"},
	{"302", "", "302 Found\nLocation: /owa/?url=%2fx\nContent-Length: 0\n", ""},
	{"304", "", "304 Not Modified\nETag: \"a\"\nCache-Control: private\n", ""},
	{"400", "", "400 Bad Request\nContent-Length: 3\n", "bad"},
	{"401 with three challenges", "", "401 Unauthorized\nWWW-Authenticate: Negotiate\nWWW-Authenticate: NTLM\nWWW-Authenticate: Basic realm=\"x, y\"\nContent-Length: 0\n", ""},
	{"SOGo's 401", "", "401 Unauthorized\nwww-authenticate: basic realm=\"SOGo\"\ncontent-length: 12\n", "Unauthorized"},
	{"403 without a word", "", "403 Forbidden\nContent-Length: 0\n", ""},
	{"404 page", "", "404 Not Found\nContent-Type: text/html\nContent-Length: 4\n", "<p>x"},
	{"413", "", "413 Request Entity Too Large\nContent-Length: 0\n", ""},
	{"449", "", "449 Retry\nMS-Server-ActiveSync: 14.1\nContent-Length: 0\n", ""},
	{"451 with a foreign host", "", "451 Redirect\nX-MS-Location: https://mail.elsewhere.test/Microsoft-Server-ActiveSync\nContent-Length: 0\n", ""},
	{"457", "", "457 Password expired\nX-MS-Credential-Service-Url: https://x.test/p\nX-MS-Credentials-Expire: 0\nContent-Length: 0\n", ""},
	{"500 with a page", "", "500 Internal Server Error\nContent-Type: text/html\nContent-Length: 4\n", "<p>x"},
	{"501", "", "501 Not Implemented\nContent-Length: 0\n", ""},
	{"503 with Retry-After", "", "503 Service Unavailable\nRetry-After: 120\nX-MS-ASThrottle: CommandFrequency\nContent-Length: 0\n", ""},
	{"507", "", "507 Insufficient Storage\nContent-Length: 0\n", ""},
	{"OPTIONS of Exchange", "OPTIONS /Microsoft-Server-ActiveSync HTTP/1.1", "200 OK\nAllow: OPTIONS,POST\nMS-Server-ActiveSync: 15.2\nMS-ASProtocolVersions: 14.1,16.1\nMS-ASProtocolCommands: Sync,Ping\nPublic: OPTIONS,POST\nX-MS-RP: 14.1,16.1\nX-FEServer: EX1\nContent-Length: 0\n", ""},
	{"odd spelling", "", "200 OK\nms-asprotocolVERSIONS: 14.1\nx-beserver: B\nCONTENT-TYPE: text/plain\ncontent-length: 2\n", "ok"},
	{"the server's own Date", "", "200 OK\nDate: Thu, 01 Jan 1970 00:00:00 GMT\nServer: Microsoft-IIS/10.0\nContent-Length: 0\n", ""},
	{"a Date in lower case", "", "200 OK\ndate: Thu, 01 Jan 1970 00:00:00 GMT\nContent-Length: 0\n", ""},
	{"cookies", "", "200 OK\nSet-Cookie: X-BackEndCookie=a~b=c; expires=Mon, 01-Jan-2035 00:00:00 GMT; path=/; secure; HttpOnly\nSet-Cookie: b=2\nContent-Length: 0\n", ""},
	{"packed", "", "200 OK\nContent-Encoding: gzip\nVary: Accept-Encoding\nContent-Length: 4\n", "\x1f\x8b\x08\x00"},
	{"packed chunks", "", "200 OK\nContent-Encoding: br\nTransfer-Encoding: chunked\n", "2\r\n\x1f\x8b\r\n0\r\n\r\n"},
	{"multipart of ItemOperations", "", "200 OK\nContent-Type: application/vnd.ms-sync.multipart\nContent-Length: 4\n", "\x01\x00\x00\x00"},
	{"Pragma without Cache-Control", "", "200 OK\nPragma: no-cache\nContent-Length: 0\n", ""},
	{"empty values", "", "200 OK\nX-Empty:\nContent-Length: 0\n", ""},
	{"a head of 100 KB", "", "200 OK\nX-Long: " + strings.Repeat("0123456789", 10<<10) + "\nContent-Length: 0\n", ""},
	{"1 MB", "", "200 OK\nContent-Length: 1048576\n", strings.Repeat(allBytes, 4096)},
	{"HTTP/1.0 until close", "", "\nContent-Type: text/plain\n", allBytes},
}

// TestEveryKindOfAnswerArrivesUntouched: status, body, framing, and the same
// headers in the server's own spelling.
func TestEveryKindOfAnswerArrivesUntouched(t *testing.T) {
	rec, front := recording(t, lab.Answer())
	for _, kind := range answerKinds {
		t.Run(kind.name, func(t *testing.T) {
			raw := "HTTP/1.1 " + strings.ReplaceAll(kind.head, "\n", "\r\n") + "\r\n" + kind.body
			if kind.head[0] == '\n' {
				raw = strings.Replace(raw, "HTTP/1.1 ", "HTTP/1.0 200 OK", 1)
			}
			rec.SetScript(func(x *lab.Exchange) error {
				_ = x.ReadBody()
				_ = x.Send(raw)
				return io.EOF // each on a connection of its own
			})
			request := kind.request
			if request == "" {
				request = "GET / HTTP/1.1"
			}
			p := call(t, front)
			p.send(t, request+"\r\nHost: mail.example.test\r\n\r\n")
			head := strings.HasPrefix(request, "HEAD")
			got, _ := p.receive(t, head)
			sent, err := readMessage(bufio.NewReader(strings.NewReader(raw)), head)
			if err != nil {
				t.Fatal(err)
			}
			sent.first, got.first = sent.first[9:12], got.first[9:12] // the reason phrase is not ours to keep
			if untilClose := strings.HasPrefix(raw, "HTTP/1.0"); untilClose {
				sent.framing = lab.FramedChunked // what HTTP/1.1 has for an unknown length
			}
			if got.first != sent.first || got.framing != sent.framing || got.body != sent.body {
				t.Errorf("sent %s, framed %d, body of %d;\ngot  %s, framed %d, body of %d", sent.first, sent.framing, len(sent.body),
					got.first, got.framing, len(got.body))
			}
			hop := []string{"Connection", "Transfer-Encoding", "Content-Length"} // framing is compared above
			if want, have := without(sent.fields, hop...), without(got.fields, hop...); !slices.Equal(want, have) {
				t.Errorf("headers\nsent %q\ngot  %q", want, have)
			}
			if sent.get("Content-Length") != got.get("Content-Length") {
				t.Errorf("Content-Length: sent %q, got %q", sent.get("Content-Length"), got.get("Content-Length"))
			}
			if !slices.Equal(sent.trailer, got.trailer) {
				t.Errorf("trailer: sent %q, got %q", sent.trailer, got.trailer)
			}
		})
	}
}
