package upstream

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
)

// TestFraming reads each answer off a real socket; the server closes after it.
func TestFraming(t *testing.T) {
	for name, c := range map[string]struct {
		method, answer, body string
		length               int64
		chunked, kept        bool
	}{
		"Content-Length":                {answer: ok, body: "ok", length: 2, kept: true},
		"Content-Length 0":              {answer: "HTTP/1.1 200 OK\nContent-Length: 0\n\n", kept: true},
		"equal lengths":                 {answer: "HTTP/1.1 200 OK\nContent-Length: 2\nContent-Length: 2\n\nok", body: "ok", length: 2, kept: true},
		"chunks":                        {answer: "HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n2\nok\n0\n\n", body: "ok", length: -1, chunked: true, kept: true},
		"chunks of one byte":            {answer: "HTTP/1.1 200 OK\ntransfer-encoding: Chunked\n\n1\no\n01\nk\n000\n\n", body: "ok", length: -1, chunked: true, kept: true},
		"chunk extensions":              {answer: "HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n2;a=b;c=\"d\"\nok\n0;e\n\n", body: "ok", length: -1, chunked: true, kept: true},
		"no chunk but the last":         {answer: "HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n0\n\n", length: -1, chunked: true, kept: true},
		"until close":                   {answer: "HTTP/1.1 200 OK\n\nok", body: "ok", length: -1},
		"both framings":                 {answer: "HTTP/1.1 200 OK\nContent-Length: 50\nTransfer-Encoding: chunked\n\n2\nok\n0\n\n", body: "ok", length: -1, chunked: true},
		"both framings and keep-alive":  {answer: "HTTP/1.1 200 OK\nTransfer-Encoding: chunked\nContent-Length: 50\nConnection: keep-alive\n\n2\nok\n0\n\n", body: "ok", length: -1, chunked: true},
		"204":                           {answer: "HTTP/1.1 204 No Content\n\n", kept: true},
		"204 with a length":             {answer: "HTTP/1.1 204 No Content\nContent-Length: 5\n\n", kept: true},
		"304 with a length":             {answer: "HTTP/1.1 304 Not Modified\nContent-Length: 5\n\n", kept: true},
		"304 with chunks":               {answer: "HTTP/1.1 304 Not Modified\nTransfer-Encoding: chunked\n\n", kept: true},
		"HEAD":                          {method: "HEAD", answer: "HTTP/1.1 200 OK\nContent-Length: 2000\n\n", kept: true},
		"HEAD with chunks":              {method: "HEAD", answer: "HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n", kept: true},
		"HTTP/1.0":                      {answer: "HTTP/1.0 200 OK\nContent-Length: 2\n\nok", body: "ok", length: 2},
		"HTTP/1.0 keep-alive":           {answer: "HTTP/1.0 200 OK\nContent-Length: 2\nConnection: Keep-Alive\n\nok", body: "ok", length: 2, kept: true},
		"HTTP/1.0 until close":          {answer: "HTTP/1.0 200 OK\n\nok", body: "ok", length: -1},
		"HTTP/1.0 chunks":               {answer: "HTTP/1.0 200 OK\nTransfer-Encoding: chunked\nConnection: keep-alive\n\n2\nok\n0\n\n", body: "ok", length: -1, chunked: true},
		"close":                         {answer: "HTTP/1.1 200 OK\nConnection: close\nContent-Length: 2\n\nok", body: "ok", length: 2},
		"close among others":            {answer: "HTTP/1.1 200 OK\nConnection: foo, Close , bar\nContent-Length: 2\n\nok", body: "ok", length: 2},
		"close beats keep-alive":        {answer: "HTTP/1.1 200 OK\nConnection: close\nConnection: keep-alive\nContent-Length: 2\n\nok", body: "ok", length: 2},
		"longer than its length":        {answer: "HTTP/1.1 200 OK\nContent-Length: 2\n\nokHTTP/1.1 200 forged\n\n", body: "ok", length: 2},
		"more after the last chunk":     {answer: "HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n2\nok\n0\n\nHTTP/1.1", body: "ok", length: -1, chunked: true},
		"a body where none may be":      {answer: "HTTP/1.1 204 No Content\n\nok"},
		"a body where none may be, 304": {answer: "HTTP/1.1 304 Not Modified\nContent-Length: 2\n\nok"},
	} {
		t.Run(name, func(t *testing.T) {
			r := get()
			if c.method != "" {
				r.Method = c.method
			}
			s := serve(t, func(p *peer) { p.request(); p.say(c.answer); p.socket.CloseWrite(); p.rest() })
			// A conn of its own: the pool would only show that the server closed.
			x, kept := exchangeOnce(t, s, r)
			if body := finish(t, x); body != c.body || x.Length != c.length || x.Chunked != c.chunked {
				t.Errorf("body %q, length %d, chunked %v", body, x.Length, x.Chunked)
			}
			if *kept != c.kept {
				t.Errorf("kept %v", *kept)
			}
			if n, err := x.Body.Read(make([]byte, 1)); n != 0 || err != io.EOF {
				t.Errorf("read after Close: %d, %v", n, err)
			}
			if c.chunked && x.Get("Content-Length") != "" {
				t.Error("the length that does not count is still in the header")
			}
		})
	}
}

// exchangeOnce sends r on a connection of its own and says whether it was kept.
func exchangeOnce(t *testing.T, s *server, r *Request) (*Response, *bool) {
	t.Helper()
	fresh, failed := s.client(Config{}).dial(context.Background())
	if failed != nil {
		t.Fatal(failed)
	}
	t.Cleanup(fresh.abort)
	kept := new(bool)
	fresh.home = func(*conn) { *kept = true }
	x, failed := fresh.exchange(context.Background(), r)
	if failed != nil {
		t.Fatal(failed)
	}
	return x, kept
}

func TestBrokenFramingIsAnErrorOfTheHead(t *testing.T) {
	for name, head := range map[string]string{
		"different lengths":  "Content-Length: 2\nContent-Length: 3",
		"negative length":    "Content-Length: -2",
		"signed length":      "Content-Length: +2",
		"hexadecimal length": "Content-Length: 0x2",
		"no length at all":   "Content-Length:",
		"list of lengths":    "Content-Length: 2, 2",
		"absurd length":      "Content-Length: 99999999999999999999",
		"gzip as framing":    "Transfer-Encoding: gzip, chunked",
		"gzip after chunks":  "Transfer-Encoding: chunked, gzip",
		"chunked twice":      "Transfer-Encoding: chunked\nTransfer-Encoding: chunked",
		"xchunked":           "Transfer-Encoding: xchunked",
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, func(p *peer) { p.request(); p.say("HTTP/1.1 200 OK\n" + head + "\n\nok"); p.rest() })
			c := s.client(Config{})
			_, err := c.Do(context.Background(), get())
			if e := new(Error); !errors.As(err, &e) || e.Phase != Head || !strings.Contains(err.Error(), "malformed answer") {
				t.Errorf("%v", err)
			}
			if c.Idle() != 0 {
				t.Error("the connection is kept")
			}
		})
	}
}

func TestBodyThatIsCutIsAnError(t *testing.T) {
	for name, answer := range map[string]string{
		"in a length":         "HTTP/1.1 200 OK\nContent-Length: 5\n\nok",
		"in a chunk":          "HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n5\nok",
		"after a chunk":       "HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n2\nok",
		"before a chunk":      "HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n2\nok\n",
		"in a chunk's size":   "HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n2\nok\n0",
		"before the trailers": "HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n2\nok\n0\n",
		"in the trailers":     "HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n2\nok\n0\nX-T: 1\n",
		"by a broken chunk":   "HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n2\nok\nzz\n",
		"by a broken trailer": "HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n2\nok\n0\nno colon\n\n",
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, func(p *peer) { p.request(); p.say(answer) })
			c := s.client(Config{})
			x, err := c.Do(context.Background(), get())
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(x.Body)
			if e := new(Error); string(body) != "ok" || !errors.As(err, &e) || e.Phase != Body {
				t.Errorf("%q, %v", body, err)
			}
			x.Close()
			if c.Idle() != 0 {
				t.Error("the connection is kept")
			}
		})
	}
}

func TestTrailersComeAfterTheBody(t *testing.T) {
	for end, want := range map[string][]Field{
		"\n":                                nil,
		"X-MD5: abc\nx-md5: def\nA: \n\n":   {{"X-MD5", "abc"}, {"x-md5", "def"}, {"A", ""}},
		"X-Folded: one\n\ttwo\n three\n\n":  {{"X-Folded", "one two three"}},
		"X-Not-Folded: one\nX-Two: two\n\n": {{"X-Not-Folded", "one"}, {"X-Two", "two"}},
	} {
		s := serve(t, keepAnswering("HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n2\nok\n0\n"+end))
		c := s.client(Config{})
		for range 2 { // the second one only works if the first was read to its end
			x, body := must(t, c, get())
			if body != "ok" || !slices.Equal(x.Trailer, want) {
				t.Errorf("%q, %v", body, x.Trailer)
			}
		}
		if s.connections() != 1 {
			t.Errorf("after %q the connection was not kept", end)
		}
	}
}

// A server that works out a checksum after the last byte must not delay that byte.
func TestLastBytesDoNotWaitForTheTrailers(t *testing.T) {
	read := make(chan bool)
	s := serve(t, func(p *peer) {
		p.request()
		p.say("HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n2\nok\n0\n")
		<-read
		p.say("\n")
		p.rest()
	})
	x, err := s.client(Config{}).Do(context.Background(), get())
	if err != nil {
		t.Fatal(err)
	}
	got := make([]byte, 100)
	n, err := x.Body.Read(got)
	if string(got[:n]) != "ok" || err != nil {
		t.Errorf("%q, %v", got[:n], err)
	}
	close(read)
	finish(t, x)
}

func TestBodyAfterCloseIsNoOtherExchangesBody(t *testing.T) {
	for _, answer := range []string{
		"HTTP/1.1 200 OK\nContent-Length: 9\n\nnever", "HTTP/1.1 200 OK\n\nnever",
		"HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n9\nnever",
	} {
		s := serve(t, func(p *peer) { p.request(); p.say(answer); p.rest() })
		x, err := s.client(Config{}).Do(context.Background(), get())
		if err != nil {
			t.Fatal(err)
		}
		x.Close()
		x.Close()
		if n, err := x.Body.Read(make([]byte, 10)); n != 0 || err == nil || err == io.EOF {
			t.Errorf("%d, %v", n, err)
		}
	}
}
