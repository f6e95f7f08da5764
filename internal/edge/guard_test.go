package edge

import (
	"bufio"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
)

// Rows of the last table of faults.md that net/http alone answers otherwise.
func TestSmuggledRequestsAreAnswered400AndTheConnectionEnds(t *testing.T) {
	const smuggled = "0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
	for name, c := range map[string]struct{ request, reason string }{
		"Content-Length and Transfer-Encoding": {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n" + smuggled, lengthAndEncoding.reason},
		"HTTP/1.0 with Transfer-Encoding":      {"POST / HTTP/1.0\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n" + smuggled, encodingInHTTP10.reason},
		"folded header line":                   {"POST / HTTP/1.1\r\nHost: x\r\nX: y\r\n Transfer-Encoding: chunked\r\n\r\n", foldedHeader.reason},
	} {
		t.Run(name, func(t *testing.T) {
			var handled atomic.Int32
			l := start(t, func(cfg *Config) {
				cfg.Handler = http.HandlerFunc(func(http.ResponseWriter, *http.Request) { handled.Add(1) })
			})
			conn := l.connect()
			if answer, _ := l.ask(conn, get); answer.StatusCode != http.StatusOK {
				t.Fatal(answer.Status)
			}
			from := bufio.NewReader(conn)
			send(t, conn, c.request)
			answer, _ := l.read(from)
			if answer.StatusCode != http.StatusBadRequest || !answer.Close {
				t.Errorf("%s, close %v", answer.Status, answer.Close)
			}
			if n, err := io.Copy(io.Discard, from); n != 0 || err != nil {
				t.Errorf("%d bytes after it, %v", n, err)
			}
			if n := handled.Load(); n != 1 {
				t.Errorf("the handler saw %d requests, want the good one only", n)
			}
			l.expectCount("requests_refused_total", c.reason, 1)
		})
	}
}

// Requests that only look like it keep their connection.
func TestOrdinaryFramingPasses(t *testing.T) {
	l := start(t, func(cfg *Config) {
		cfg.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			_, _ = w.Write(body)
		})
	})
	conn := l.connect()
	from := bufio.NewReader(conn)
	for _, request := range []string{
		"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody",
		"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nbo\r\n2\r\ndy\r\n0\r\nA: b\r\n\r\n",
		"\r\n\r\nPOST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody", // old clients' extra line end after a POST
		"POST / HTTP/1.1\nHost: x\nContent-Length: 4\n\nbody",
		"POST / HTTP/1.0\r\nHost: x\r\nConnection: keep-alive\r\nContent-Length: 4\r\n\r\nbody",
	} {
		send(t, conn, request)
		if answer, body := l.read(from); answer.StatusCode != http.StatusOK || body != "body" {
			t.Errorf("%q: %s %q", request, answer.Status, body)
		}
	}
	// Two at once: both are answered before the bad one behind them is.
	send(t, conn, strings.Repeat("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody", 2)+"GET / HTTP/1.1\r\n fold\r\n\r\n")
	for range 2 {
		if answer, body := l.read(from); answer.StatusCode != http.StatusOK || body != "body" {
			t.Errorf("pipelined: %s %q", answer.Status, body)
		}
	}
	if answer, _ := l.read(from); answer.StatusCode != http.StatusBadRequest {
		t.Errorf("the bad one: %s", answer.Status)
	}
}

// After an upgrade the connection carries anything.
func TestATakenOverConnectionIsNotGuarded(t *testing.T) {
	l := start(t, func(cfg *Config) {
		cfg.Handler = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			c, rw, err := w.(http.Hijacker).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			defer c.Close()
			_, _ = io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
			line, _ := rw.ReadString('!')
			_, _ = io.WriteString(c, line)
		})
	})
	const frames = "x\r\n y\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\nzz!"
	c := l.connect()
	from := bufio.NewReader(c)
	send(t, c, "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
	if answer, err := http.ReadResponse(from, nil); err != nil || answer.StatusCode != http.StatusSwitchingProtocols {
		t.Fatal(answer, err)
	}
	send(t, c, frames)
	if echo, err := io.ReadAll(from); err != nil || string(echo) != frames {
		t.Errorf("echo %q, %v", echo, err)
	}
}
