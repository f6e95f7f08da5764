package edge

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
)

// holding is a handler that holds each request to /wait until its client has left
// or it is let go, and tells how it ended.
type holding struct {
	begun, let chan struct{}
	ended      chan error
}

func hold() *holding {
	return &holding{make(chan struct{}), make(chan struct{}), make(chan error, 1)}
}

func (h *holding) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/wait" {
		h.begun <- struct{}{}
		select {
		case <-r.Context().Done():
			h.ended <- context.Cause(r.Context())
			return
		case <-h.let:
		}
	}
	_, _ = io.WriteString(w, r.URL.Path)
}

const wait = "GET /wait HTTP/1.1\r\nHost: x\r\n\r\n"

func TestAClientThatPipelinesAndLeavesIsNoticed(t *testing.T) {
	for name, leave := range map[string]func(*tls.Conn){
		"FIN":                func(c *tls.Conn) { _ = c.NetConn().(*net.TCPConn).CloseWrite() },
		"the goodbye of TLS": func(c *tls.Conn) { _ = c.Close() },
		"RST":                func(c *tls.Conn) { _ = c.NetConn().(*net.TCPConn).SetLinger(0); _ = c.NetConn().Close() },
		"64 KiB and then FIN": func(c *tls.Conn) {
			_, _ = io.WriteString(c, strings.Repeat("a", 64<<10))
			_ = c.NetConn().(*net.TCPConn).CloseWrite()
		},
	} {
		for _, ahead := range []string{"G", get, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nab"} {
			t.Run(name, func(t *testing.T) {
				h := hold()
				l := start(t, func(cfg *Config) { cfg.Handler = h })
				c := l.connect()
				send(t, c, wait)
				<-h.begun
				send(t, c, ahead)
				leave(c)
				<-h.ended
			})
		}
	}
}

func TestWhatWasReadAheadIsServedAfterTheAnswer(t *testing.T) {
	h := hold()
	l := start(t, func(cfg *Config) { cfg.Handler = h })
	c := l.connect()
	from := bufio.NewReader(c)
	send(t, c, wait)
	<-h.begun
	send(t, c, "POST /2 HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbodyGET /3 HTTP/1.1\r\nHost: x\r\n\r\n"+wait+"GET /4 HTTP/1.1\r\nHo")
	for _, want := range []string{"/wait", "/2", "/3"} {
		if want == "/wait" {
			h.let <- struct{}{}
		}
		if answer, body := l.read(from); answer.StatusCode != http.StatusOK || body != want {
			t.Fatalf("%s: %s %q", want, answer.Status, body)
		}
	}
	<-h.begun
	send(t, c, "st: x\r\n\r\n")
	h.let <- struct{}{}
	for _, want := range []string{"/wait", "/4"} {
		if answer, body := l.read(from); answer.StatusCode != http.StatusOK || body != want {
			t.Fatalf("%s: %s %q", want, answer.Status, body)
		}
	}
}

// A client has its whole answer a moment before the handler returns, and may go on.
func TestAnUploadBehindAnAnswerIsServed(t *testing.T) {
	const size = 1 << 20
	let, ended := make(chan struct{}), make(chan error)
	l := start(t, func(cfg *Config) {
		cfg.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			n, _ := io.Copy(io.Discard, r.Body)
			body := fmt.Sprint(n, " bytes")
			w.Header().Set("Content-Length", fmt.Sprint(len(body)))
			_, _ = io.WriteString(w, body)
			_ = http.NewResponseController(w).Flush()
			<-let
			ended <- context.Cause(r.Context())
		})
	})
	c := l.connect()
	from := bufio.NewReader(c)
	send(t, c, get)
	if _, body := l.read(from); body != "0 bytes" {
		t.Fatal(body)
	}
	head := fmt.Sprintf("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n", size)
	send(t, c, head+strings.Repeat("x", size/4))
	expectNoEnd(t, let, ended)
	send(t, c, strings.Repeat("x", size-size/4))
	if _, body := l.read(from); body != fmt.Sprint(size, " bytes") {
		t.Error(body)
	}
	expectNoEnd(t, let, ended)
}

// expectNoEnd lets a handler go; the server must not be ended before it has looked.
func expectNoEnd(t *testing.T, let chan<- struct{}, ended <-chan error) {
	t.Helper()
	let <- struct{}{}
	if err := <-ended; err != nil {
		t.Errorf("the request ended: %v", err)
	}
}

func TestWhatWasReadAheadOfAnUpgradeBelongsToIt(t *testing.T) {
	begun, let := make(chan struct{}), make(chan struct{})
	l := start(t, func(cfg *Config) {
		cfg.Handler = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			begun <- struct{}{}
			<-let
			c, rw, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			defer c.Close()
			line := make([]byte, 7)
			_, _ = io.ReadFull(io.MultiReader(io.LimitReader(rw, int64(rw.Reader.Buffered())), c), line)
			_, _ = c.Write(line)
		})
	})
	c := l.connect()
	send(t, c, get)
	<-begun
	send(t, c, "fra")
	let <- struct{}{}
	send(t, c, "mes!")
	if echo, err := io.ReadAll(c); err != nil || string(echo) != "frames!" {
		t.Errorf("%q, %v", echo, err)
	}
}

func TestALongHeaderLineIsNotKeptTwice(t *testing.T) {
	var f framing
	for _, piece := range []string{"GET / HTTP/1.1\r\nX-Long: ", strings.Repeat("a", 120<<10), "\r\n", "Content-Length: ",
		strings.Repeat("0", 2000), "4\r\n\r\n", "body"} {
		for len(piece) > 0 {
			part := piece[:min(len(piece), 4096)]
			if _, err := f.pass([]byte(part)); err != nil {
				t.Fatal(err)
			}
			piece = piece[len(part):]
			if cap(f.line) > 4*kept {
				t.Fatalf("%d bytes are kept of a line", cap(f.line))
			}
		}
	}
	if !f.between() {
		t.Errorf("not at the end of the request: %+v", f)
	}
}
