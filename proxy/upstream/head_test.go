package upstream

import (
	"bufio"
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
)

func TestHeaderKeepsSpellingAndOrder(t *testing.T) {
	s := serve(t, func(p *peer) {
		p.request()
		p.say("HTTP/1.1 200 OK\nMS-ASProtocolVersions: 14.1\nset-cookie: a=1\nX-EMPTY:\nSet-Cookie:b=2  \nContent-Length:\t0\n\n")
		p.rest()
	})
	x, _ := must(t, s.client(Config{}), get())
	want := []Field{{"MS-ASProtocolVersions", "14.1"}, {"set-cookie", "a=1"}, {"X-EMPTY", ""}, {"Set-Cookie", "b=2"}, {"Content-Length", "0"}}
	if !slices.Equal(x.Header, want) {
		t.Errorf("%q", x.Header)
	}
	if x.Get("SET-COOKIE") != "a=1" || x.Get("X-None") != "" {
		t.Errorf("Get: %q, %q", x.Get("SET-COOKIE"), x.Get("X-None"))
	}
}

// parse reads one answer from memory.
func parse(answer string) (*Response, error) {
	x, err := exchangeInMemory(get(), strings.NewReader(answer))
	return x, plain(err)
}

func TestHead(t *testing.T) {
	for name, c := range map[string]struct {
		answer string
		status int
		header []Field
	}{
		"no reason":               {"HTTP/1.1 200\r\n\r\n", 200, nil},
		"empty reason":            {"HTTP/1.1 449 \r\n\r\n", 449, nil},
		"reason in many words":    {"HTTP/1.1 503 No child: available\r\n\r\n", 503, nil},
		"two spaces":              {"HTTP/1.1  200 OK\r\n\r\n", 200, nil},
		"status of no class":      {"HTTP/1.1 999 ?\r\n\r\n", 999, nil},
		"bare line feeds":         {"HTTP/1.1 200 OK\nA: b\n\n", 200, []Field{{"A", "b"}}},
		"empty lines before":      {"\r\n\n\r\nHTTP/1.1 200 OK\r\nA: b\r\n\r\n", 200, []Field{{"A", "b"}}},
		"folded":                  {"HTTP/1.1 200 OK\r\nA: b  \r\n \t c\r\n\td\r\nE: f\r\n\r\n", 200, []Field{{"A", "b c d"}, {"E", "f"}}},
		"folded empty":            {"HTTP/1.1 200 OK\r\nA:\r\n  \r\n b\r\n \r\n\r\n", 200, []Field{{"A", "b"}}},
		"space before the colon":  {"HTTP/1.1 200 OK\r\nA : b\r\n\r\n", 200, []Field{{"A", "b"}}},
		"colons and more in it":   {"HTTP/1.1 200 OK\r\nA: b: c \"\x80\xff\r\n\r\n", 200, []Field{{"A", "b: c \"\x80\xff"}}},
		"carriage return, NUL":    {"HTTP/1.1 200 OK\r\nA: b\rC: d\x00e\r\r\n\r\n", 200, []Field{{"A", "b C: d e"}}},
		"longer than the buffer":  {"HTTP/1.1 200 OK\r\nA: " + strings.Repeat("x", 100<<10) + "\r\n\r\n", 200, []Field{{"A", strings.Repeat("x", 100<<10)}}},
		"underscore in its name":  {"HTTP/1.1 200 OK\r\nA_b!#$%&'*+-.^`|~9: c\r\n\r\n", 200, []Field{{"A_b!#$%&'*+-.^`|~9", "c"}}},
		"end of the head at once": {"HTTP/1.9 200 OK\r\n\r\nbody", 200, nil},
	} {
		t.Run(name, func(t *testing.T) {
			x, err := parse(c.answer)
			if err != nil {
				t.Fatal(err)
			}
			if x.Status != c.status || !slices.Equal(x.Header, c.header) {
				t.Errorf("%d %.100q", x.Status, x.Header)
			}
		})
	}
}

func TestMalformedHeadIsRefused(t *testing.T) {
	for name, answer := range map[string]string{
		"HTTP/2":                   "HTTP/2.0 200 OK\r\n\r\n",
		"HTTP/1":                   "HTTP/1 200 OK\r\n\r\n",
		"HTTP/1.x":                 "HTTP/1.x 200 OK\r\n\r\n",
		"HTTP/1.10":                "HTTP/1.10 200 OK\r\n\r\n",
		"lower case":               "http/1.1 200 OK\r\n\r\n",
		"ICY":                      "ICY 200 OK\r\n\r\n",
		"no status":                "HTTP/1.1\r\n\r\n",
		"word for status":          "HTTP/1.1 OK 200\r\n\r\n",
		"four digits":              "HTTP/1.1 2000 OK\r\n\r\n",
		"two digits":               "HTTP/1.1 20 OK\r\n\r\n",
		"below 100":                "HTTP/1.1 099 OK\r\n\r\n",
		"signed":                   "HTTP/1.1 +20 OK\r\n\r\n",
		"a page without a head":    "<html></html>\r\n\r\n",
		"TLS alert on a TCP port":  "\x15\x03\x01\x00\x02\x02\x46\r\n\r\n",
		"no colon":                 "HTTP/1.1 200 OK\r\nA b\r\n\r\n",
		"no name":                  "HTTP/1.1 200 OK\r\n: b\r\n\r\n",
		"space in a name":          "HTTP/1.1 200 OK\r\nA b: c\r\n\r\n",
		"control byte in a name":   "HTTP/1.1 200 OK\r\nA\x01: c\r\n\r\n",
		"umlaut in a name":         "HTTP/1.1 200 OK\r\nÄ: c\r\n\r\n",
		"folded status line":       "HTTP/1.1 200\r\n OK\r\nA: b\r\n\r\n",
		"cut in the status line":   "HTTP/1.1 20",
		"cut in a header":          "HTTP/1.1 200 OK\r\nA: b",
		"cut before the last line": "HTTP/1.1 200 OK\r\nA: b\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			x, err := parse(answer)
			if e := new(Error); !errors.As(err, &e) || e.Phase != Head || x != nil {
				t.Errorf("%v, %v", x, err)
			}
		})
	}
}

func TestHeadOver256KiBIsRefused(t *testing.T) {
	line := "X-Line: " + strings.Repeat("x", 1000) + "\r\n"
	for name, endless := range map[string]string{
		"headers": "HTTP/1.1 200 OK\r\n" + strings.Repeat(line, 300), "one header": "HTTP/1.1 200 OK\r\nA: " + strings.Repeat("x", 300<<10),
		"status line": strings.Repeat("H", 300<<10), "empty lines": strings.Repeat("\r\n", 200<<10),
		"folded lines": "HTTP/1.1 200 OK\r\nA:\r\n" + strings.Repeat(" b\n", 100<<10),
		"trailers":     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + strings.Repeat(line, 300),
	} {
		t.Run(name, func(t *testing.T) {
			x, err := parse(endless)
			if name == "trailers" && err == nil {
				_, err = x.Body.Read(make([]byte, 1))
			}
			if !errors.Is(err, errHeadTooLarge) {
				t.Errorf("%v", err)
			}
		})
	}
	if x, err := parse("HTTP/1.1 200 OK\r\n" + strings.Repeat(line, 250) + "\r\n"); err != nil || len(x.Header) != 250 {
		t.Errorf("under the limit: %v", err)
	}
}

func TestRequestIsWrittenAsItIsGiven(t *testing.T) {
	heads := make(chan string, 10)
	s := serve(t, func(p *peer) {
		head := p.head()
		rest, _ := p.in.Peek(p.in.Buffered())
		heads <- head + string(rest)
		p.say(ok)
		p.rest()
	})
	for want, r := range map[string]*Request{
		"RPC_IN_DATA /rpc?a=%2f;b=\\ HTTP/1.1\r\nHost: ex.test:443\r\nMS-ASProtocolVersion: 14.1\r\n\r\n": {
			Method: "RPC_IN_DATA", Target: "/rpc?a=%2f;b=\\", Host: "ex.test:443", Header: http.Header{"MS-ASProtocolVersion": {"14.1"}}},
		"OPTIONS * HTTP/1.1\r\nHost: \r\ncontent-length: 0\r\n\r\n": {
			Method: "OPTIONS", Target: "*", Header: http.Header{"content-length": {"0"}}},
		"POST / HTTP/1.1\r\nHost: h\r\nX: 1\r\nX: \r\nX: ü\r\n\r\n": {
			Method: "POST", Target: "/", Host: "h", Header: http.Header{"X": {"1", "", "ü"}}},
		"POST / HTTP/1.1\r\nHost: server.test\r\nContent-Length: 4\r\n\r\nmail": post("mail"),
		"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nping\r\n0\r\nX: 1\r\n\r\n": {
			Method: "POST", Target: "/", Host: "h", Chunked: true, Bytes: []byte("ping"), Trailer: http.Header{"X": {"1"}}},
		"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n": {
			Method: "POST", Target: "/", Host: "h", Chunked: true},
	} {
		must(t, s.client(Config{}), r)
		if got := <-heads; got != want {
			t.Errorf("got  %q\nwant %q", got, want)
		}
	}
}

// None of them may reach the server: it would read another request than was
// meant, or wait for ever (RFC 9112 11.1, 11.2).
func TestRequestThatWouldBeReadAsAnotherIsNotSent(t *testing.T) {
	s := serve(t, func(p *peer) {
		if got := p.rest(); got != "" {
			t.Errorf("the server got %q", got)
		}
	})
	length := func(n string) http.Header { return http.Header{"content-length": {n}} }
	body := []byte("body")
	for name, r := range map[string]*Request{
		"line in a value":           {Header: http.Header{"A": {"b\r\nC: d"}}},
		"line feed in a value":      {Header: http.Header{"A": {"b\nC: d"}}},
		"carriage return in a name": {Header: http.Header{"A\r": {"b"}}},
		"NUL in a value":            {Header: http.Header{"A": {"b\x00"}}},
		"line in the host":          {Host: "h\r\nA: b"},
		"line in the target":        {Target: "/\r\nA:b"},
		"space in the target":       {Target: "/a b"},
		"no target":                 {Target: "-"},
		"space in the method":       {Method: "GET /secret"},
		"no method":                 {Method: "-"},
		"bytes without length":      {Bytes: body},
		"bytes of another length":   {Bytes: body, Header: length("5")},
		"bytes, two lengths":        {Bytes: body, Header: http.Header{"Content-Length": {"4", "5"}}},
		"two spellings":             {Bytes: body, Header: http.Header{"Content-Length": {"4"}, "content-length": {"5"}}},
		"length without bytes":      {Header: length("4")},
		"no number":                 {Bytes: body, Header: length("four")},
		"stream without framing":    {Stream: strings.NewReader("x")},
		"stream with two framings":  {Stream: strings.NewReader("x"), Chunked: true, Header: length("1")},
		"chunks with a length":      {Chunked: true, Bytes: body, Header: length("4")},
		"framing of its own":        {Stream: strings.NewReader("x"), Header: http.Header{"Content-Length": {"1"}, "transfer-encoding": {"chunked"}}},
		"space in a name":           {Header: http.Header{"Transfer-Encoding ": {"chunked"}}},
	} {
		t.Run(name, func(t *testing.T) {
			fill(&r.Method, "POST")
			fill(&r.Target, "/")
			_, err := s.client(Config{}).Do(context.Background(), r)
			if e := new(Error); !errors.As(err, &e) || !errors.Is(err, errRequest) || e.Stale() {
				t.Errorf("%v", err)
			}
		})
	}
}

// fill gives s a value; "-" stands for none.
func fill(s *string, value string) {
	switch *s {
	case "":
		*s = value
	case "-":
		*s = ""
	}
}

func TestReadingAHeadOfFoldsTakesLinearTime(t *testing.T) {
	head := "HTTP/1.1 200 OK\r\nA: b\r\n" + strings.Repeat(" c\r\n", 50_000) + "\r\n"
	steps := testing.AllocsPerRun(1, func() {
		if _, err := readLines(bufio.NewReader(strings.NewReader(head)), true); err != nil {
			t.Fatal(err)
		}
	})
	if steps > 100 { // one for each fold is what quadratic time looks like
		t.Errorf("%v allocations for one head", steps)
	}
}
