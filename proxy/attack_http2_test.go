package proxy

import (
	"crypto/tls"
	"encoding/binary"
	"io"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/diastole/diastole/internal/lab"
)

// http2Request sends one request in raw frames, because every client library
// refuses to: pairs of name and value, each literal and unencoded (RFC 7541 6.2.2).
// It returns the first byte of the answer's header block.
func http2Request(t *testing.T, front *httptest.Server, pairs ...string) (status byte) {
	t.Helper()
	c, err := tls.Dial("tcp", front.Listener.Addr().String(), &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	var block []byte
	for i, text := range pairs {
		if i%2 == 0 {
			block = append(block, 0)
		}
		block = append(append(block, byte(len(text))), text...)
	}
	frame := func(kind, flags byte, stream uint32, payload []byte) []byte {
		head := []byte{0, byte(len(payload) >> 8), byte(len(payload)), kind, flags}
		return append(binary.BigEndian.AppendUint32(head, stream), payload...)
	}
	const settings, headers, endStream, endHeaders = 4, 1, 1, 4
	hello := append([]byte("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), frame(settings, 0, 0, nil)...)
	if _, err := c.Write(append(hello, frame(headers, endStream|endHeaders, 1, block)...)); err != nil {
		t.Fatal(err)
	}
	for head := make([]byte, 9); ; {
		if _, err := io.ReadFull(c, head); err != nil {
			t.Fatal(err)
		}
		payload := make([]byte, int(head[0])<<16|int(head[1])<<8|int(head[2]))
		if _, err := io.ReadFull(c, payload); err != nil {
			t.Fatal(err)
		}
		if head[3] == headers {
			return payload[0]
		}
	}
}

// The answer's status as HPACK's static table has it, RFC 7541 A.
const (
	indexed200 = 0x80 | 8
	indexed400 = 0x80 | 12
)

func http2Stage(t *testing.T) (*lab.Recorder, *httptest.Server, *stage) {
	t.Helper()
	rec := lab.NewRecorder(lab.Answer("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"))
	t.Cleanup(rec.Close)
	base, err := rec.Listen(nil)
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	s := &stage{T: t, registry: prometheus.NewRegistry()}
	p := New(Config{Upstream: u, Metrics: NewMetrics(s.registry)})
	front := httptest.NewUnstartedServer(p)
	front.EnableHTTP2 = true
	front.Config.ConnContext, front.Config.ConnState = p.lobby.ConnContext, p.lobby.ConnState
	front.StartTLS()
	t.Cleanup(front.Close)
	return rec, front, s
}

func TestHTTP2IsTranslatedIntoOneHost(t *testing.T) {
	rec, front, _ := http2Stage(t)
	status := http2Request(t, front, ":method", "GET", ":scheme", "https", ":path", "/", ":authority", "mail.example.test", "host", "other.test")
	if got := next(t, rec).Values("Host"); status != indexed200 || len(got) != 1 || got[0] != "mail.example.test" {
		t.Errorf("Host went up as %q, status byte %#x", got, status)
	}
}

func TestHTTP2CannotSayWhatHTTP1WouldReadAsSomethingElse(t *testing.T) {
	for name, pairs := range map[string][]string{
		"space in the path":   {":method", "GET", ":path", "/a HTTP/1.1", ":authority", "mail.example.test"},
		"path without slash":  {":method", "GET", ":path", "a:http://b/", ":authority", "mail.example.test"},
		"space in the method": {":method", "GET /other HTTP/1.1", ":path", "/", ":authority", "mail.example.test"},
		"colon in the method": {":method", "GE:T", ":path", "/", ":authority", "mail.example.test"},
		"space in the host":   {":method", "GET", ":path", "/", ":authority", "mail.example.test other"},
		"path in the host":    {":method", "GET", ":path", "/", ":authority", "mail.example.test/other?"},
	} {
		t.Run(name, func(t *testing.T) {
			rec, front, s := http2Stage(t)
			if status := http2Request(t, front, append(pairs, ":scheme", "https")...); status != indexed400 {
				t.Errorf("the answer begins with %#x, want status 400", status)
			}
			if n := len(rec.Requests()); n != 0 || s.count("diastole_upstream_errors_total") != 0 {
				t.Errorf("%d requests went up, or the server was blamed", n)
			}
		})
	}
}
