package upstream

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
)

func newBuffered(r io.Reader) *bufio.Reader { return bufio.NewReader(r) }

// upload is a chunked body that the test writes piece by piece. Interrupt ends a
// blocked read of it, as a read deadline does on a client's connection.
type upload struct {
	*io.PipeWriter
	in          *io.PipeReader
	interrupted bool
}

var errInterrupted = errors.New("interrupted")

func newUpload() (*upload, *Request) {
	in, out := io.Pipe()
	u := &upload{PipeWriter: out, in: in}
	return u, &Request{
		Method: "RPC_IN_DATA", Target: "/", Host: "server.test", Header: http.Header{}, Chunked: true, Stream: in,
		Interrupt: func() { u.interrupted = true; in.CloseWithError(errInterrupted) },
	}
}

func (u *upload) say(t *testing.T, text string) {
	t.Helper()
	if _, err := io.WriteString(u, text); err != nil {
		t.Error(err)
	}
}

func TestStreamGoesUpInTheFramingOfTheRequest(t *testing.T) {
	bodies := make(chan string, 1)
	s := serve(t, func(p *peer) {
		for r := p.request(); r != nil; r = p.request() {
			body, _ := io.ReadAll(r.Body)
			bodies <- strings.Join(r.TransferEncoding, ",") + string(body) + r.Trailer.Get("X-Sum")
			p.say(ok)
		}
	})
	c := s.client(Config{})
	big := strings.Repeat("0123456789abcdef", 20<<10)
	for want, r := range map[string]*Request{
		"chunked" + big + "sum": {Stream: strings.NewReader(big), Chunked: true, Header: http.Header{"Trailer": {"X-Sum"}}, Trailer: http.Header{"X-Sum": {"sum"}}},
		"chunked":               {Stream: strings.NewReader(""), Chunked: true},
		big:                     {Stream: strings.NewReader(big), Header: http.Header{"Content-Length": {"327680"}}},
		"":                      {Stream: strings.NewReader(""), Header: http.Header{"Content-Length": {"0"}}},
		"tiny":                  {Stream: byteByByte("tiny"), Header: http.Header{"Content-Length": {"4"}}},
	} {
		r.Method, r.Target, r.Host = "POST", "/", "server.test"
		if _, body := must(t, c, r); body != "ok" {
			t.Errorf("answered %q", body)
		}
		if got := <-bodies; got != want {
			t.Errorf("the server got %.40q, want %.40q", got, want)
		}
	}
	if c.Idle() != 5 {
		t.Errorf("%d connections kept, want one for each stream", c.Idle())
	}
}

func byteByByte(s string) io.Reader {
	return readFunc(func(p []byte) (int, error) {
		if s == "" {
			return 0, io.EOF
		}
		p[0], s = s[0], s[1:]
		return 1, nil
	})
}

// Each piece answers the one before it: neither side may wait for an end.
func TestBothDirectionsStreamAtOnce(t *testing.T) {
	both(t, func(t *testing.T, serve func(testing.TB, func(*peer)) *server) {
		s := serve(t, func(p *peer) {
			p.say("HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n")
			r, err := http.ReadRequest(p.in)
			if err != nil {
				p.t.Error(err)
				return
			}
			for piece := make([]byte, 3); ; {
				if _, err := io.ReadFull(r.Body, piece); err != nil {
					break
				}
				p.say("3\n" + strings.ToUpper(string(piece)) + "\n")
			}
			p.say("0\n\n")
			p.rest()
		})
		u, r := newUpload()
		c := s.client(Config{})
		x, err := c.Do(context.Background(), r)
		if err != nil {
			t.Fatal(err)
		}
		for _, piece := range []string{"abc", "def"} {
			u.say(t, piece)
			got := make([]byte, 3)
			if _, err := io.ReadFull(x.Body, got); string(got) != strings.ToUpper(piece) {
				t.Errorf("%q, %v", got, err)
			}
		}
		u.Close()
		if rest := finish(t, x); rest != "" || c.Idle() != 1 || u.interrupted {
			t.Errorf("%q left, %d idle, interrupted: %v", rest, c.Idle(), u.interrupted)
		}
	})
}

func TestReadyKnowsWhetherABodyIsHere(t *testing.T) {
	more := make(chan bool)
	s := serve(t, func(p *peer) {
		p.request()
		p.say("HTTP/1.1 200 OK\nContent-Length: 4\n\n")
		<-more
		p.say("body")
		p.rest()
	})
	x, err := s.client(Config{}).Do(context.Background(), get())
	if err != nil {
		t.Fatal(err)
	}
	if x.Ready() {
		t.Error("ready without a byte of the body")
	}
	close(more)
	if _, err := io.ReadFull(x.Body, make([]byte, 1)); err != nil || !x.Ready() && x.conn.reader.Buffered() > 0 {
		t.Errorf("not ready with three bytes left, %v", err)
	}
	if finish(t, x); !x.Ready() {
		t.Error("the end is not ready")
	}
	for answer, ready := range map[string]bool{
		"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok":         true,
		"HTTP/1.1 204 No Content\r\n\r\n":                        true,
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5": false,
	} {
		if x, err := parse(answer); err != nil || x.Ready() != ready {
			t.Errorf("%q: ready %v, %v", answer, x.Ready(), err)
		}
	}
}

// goleak in TestMain finds the reader that would stay behind.
func TestBodyThatNeverEndsIsInterruptedWhenTheAnswerIsOver(t *testing.T) {
	s := serve(t, func(p *peer) {
		p.head()
		p.say(ok)
		if got := p.rest(); strings.Contains(got, "0\r\n\r\n") {
			p.t.Errorf("a body that was given up was ended: %q", got)
		}
	})
	u, r := newUpload()
	c := s.client(Config{})
	if _, body := must(t, c, r); body != "ok" || !u.interrupted || c.Idle() != 0 {
		t.Errorf("%q, interrupted: %v, %d idle", body, u.interrupted, c.Idle())
	}
}

func TestBodyThatNeverEndsIsInterruptedAfterAnError(t *testing.T) {
	for _, answer := range []string{"", "nonsense\n\n", "HTTP/1.1 200 OK\nContent-Length: x\n\n"} {
		s := serve(t, func(p *peer) { p.head(); p.say(answer) })
		u, r := newUpload()
		_, err := s.client(Config{}).Do(context.Background(), r)
		if err == nil || errors.Is(err, ErrRequestBody) || !u.interrupted {
			t.Errorf("%v, interrupted: %v", err, u.interrupted)
		}
	}
}

// brokenBodies are what a client can do to its own body.
func brokenBodies() map[string]*Request {
	chunked := func(r io.Reader) *Request { return &Request{Chunked: true, Stream: r} }
	counted := func(body string) *Request {
		return &Request{Stream: strings.NewReader(body), Header: http.Header{"Content-Length": {"5"}}}
	}
	breaks := func(p []byte) (int, error) { return copy(p, "part"), errors.New("malformed chunk") }
	return map[string]*Request{
		"chunked, broken":  chunked(readFunc(breaks)),
		"counted, broken":  {Stream: readFunc(breaks), Header: http.Header{"Content-Length": {"5"}}},
		"counted, short":   counted("part"),
		"counted, long":    counted("more than five"),
		"trailer, a line":  {Chunked: true, Stream: strings.NewReader("part"), Trailer: http.Header{"A": {"b\r\n\r\nGET / HTTP/1.1"}}},
		"chunked, nothing": chunked(readFunc(func([]byte) (int, error) { return 0, net.ErrClosed })),
	}
}

func TestBrokenBodyIsTheClientsFaultAndNeverLooksWhole(t *testing.T) {
	both(t, func(t *testing.T, serve func(testing.TB, func(*peer)) *server) {
		for name, r := range brokenBodies() {
			s := serve(t, func(p *peer) {
				head := p.head()
				got := p.rest()
				if strings.Contains(got, "0\r\n") || strings.Contains(head, "Length") && len(got) > 4 {
					p.t.Errorf("%s: the server got %q", name, got)
				}
			})
			r.Method, r.Target, r.Host = "POST", "/", "server.test"
			_, err := s.client(Config{}).Do(context.Background(), r)
			if !errors.Is(err, ErrRequestBody) {
				t.Errorf("%s: %v", name, err)
			}
			s.stop()
		}
	})
}

func TestBodyThatBreaksWhileTheAnswerComesIsTheClientsFault(t *testing.T) {
	s := serve(t, func(p *peer) {
		p.head()
		p.say("HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n2\nok\n")
		p.rest()
	})
	u, r := newUpload()
	x, err := s.client(Config{}).Do(context.Background(), r)
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	u.CloseWithError(errors.New("client left"))
	_, err = io.ReadAll(x.Body)
	if e := new(Error); !errors.Is(err, ErrRequestBody) || !errors.As(err, &e) || e.Phase != Body {
		t.Errorf("%v", err)
	}
}

// The answer is there before the RST that the unread body brings.
func TestRefusalThatEndsTheConnectionIsReadWhileTheBodyGoesUp(t *testing.T) {
	refusal := "HTTP/1.1 413 Too Large\nContent-Length: 9\nConnection: close\n\ntoo large"
	endless := func(p []byte) (int, error) { return len(p), nil }
	for name, r := range map[string]*Request{
		"chunked": {Chunked: true, Stream: readFunc(endless)},
		"counted": {Stream: readFunc(endless), Header: http.Header{"Content-Length": {"99999999999"}}},
		"whole":   post(strings.Repeat("x", 32<<20)),
	} {
		t.Run(name, func(t *testing.T) {
			var sent sync.WaitGroup
			s := serve(t, func(p *peer) {
				p.head()
				p.say(refusal)
				sent.Done()
			})
			sent.Add(1)
			r.Method, r.Target, r.Host = "POST", "/", "server.test"
			c := s.client(Config{})
			x, body := must(t, c, r)
			if sent.Wait(); x.Status != 413 || body != "too large" || c.Idle() != 0 {
				t.Errorf("%d %q, %d idle", x.Status, body, c.Idle())
			}
		})
	}
}
