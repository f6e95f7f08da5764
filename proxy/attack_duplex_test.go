package proxy

import (
	"io"
	"strings"
	"testing"

	"github.com/diastole/diastole/internal/lab"
)

// A server that answers early and closes leaves a body behind, whose end comes when
// the handler has returned. In full duplex net/http then reads the connection twice
// at once, panics, and the next request is lost.
func TestTheRestOfAnAnsweredBodyIsNotReadTwice(t *testing.T) {
	s := onSockets(t, func(x *lab.Exchange) error {
		_ = x.Send("HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")
		return io.EOF
	})
	for range 20 {
		c := s.call()
		for range 3 {
			c.send(posted + "Transfer-Encoding: chunked\r\n\r\n" + lab.Chunk(strings.Repeat("x", 100)))
			if got := c.reply(); got.code != 413 {
				t.Fatalf("got %+v", got)
			}
			c.send(lab.Chunk("x"))
			c.send(lab.Chunk(""))
		}
		c.Close()
	}
}

// The 100 (Continue) is written by whoever reads the body, other 1xx by whoever
// waits for the answer. The race detector is the judge.
func TestA100AndA103DoNotMeet(t *testing.T) {
	rec := lab.NewRecorder(func(x *lab.Exchange) error {
		for range 5 {
			if err := x.Send("HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"); err != nil {
				return err
			}
		}
		if err := x.ReadBody(); err != nil {
			return err
		}
		return x.Send("HTTP/1.1 103 Early Hints\r\nLink: </b>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
	})
	t.Cleanup(rec.Close)
	base, err := rec.Listen(nil)
	if err != nil {
		t.Fatal(err)
	}
	front := frontOf(t, base)
	for range 20 {
		p := call(t, front)
		p.send(t, "PUT /x HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n")
		if line, err := readHeadOnly(p.in); err != nil || line != "HTTP/1.1 100 Continue\r\n\r\n" {
			t.Fatalf("instead of 100: %q, %v", line, err)
		}
		p.send(t, "abc")
		m, interim := p.receive(t, false)
		if m.body != "ok" || len(interim) == 0 || interim[len(interim)-1].get("Link") != "</b>" {
			t.Fatalf("%+v after %+v", m, interim)
		}
	}
}
