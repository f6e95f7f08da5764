package proxy

import (
	"slices"
	"strings"
	"testing"

	"github.com/diastole/diastole/internal/lab"
)

func TestARequestWithTwoReadingsDoesNotReachTheServer(t *testing.T) {
	for name, head := range map[string]string{
		"a target without its scheme is no path":  "GET a:b HTTP/1.1\r\nHost: mail.example.test\r\n\r\n",
		"an absolute target inside another":       "GET a:http://other.test/owa HTTP/1.1\r\nHost: mail.example.test\r\n\r\n",
		"a star inside another":                   "OPTIONS a:* HTTP/1.1\r\nHost: mail.example.test\r\n\r\n",
		"the preface of HTTP/2, where we speak 1": "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			s := onSockets(t, lab.Answer(document("")))
			c := s.call()
			c.send(head)
			wantReply(t, c.reply(), 400, "malformed request\n")
			if got := len(s.up.Requests()); got != 0 || s.count("diastole_upstream_errors_total") != 0 {
				t.Errorf("%d requests went up, %v times the server was blamed", got, s.count("diastole_upstream_errors_total"))
			}
		})
	}
}

func TestARequestWithoutAHostGoesUpWithTheServers(t *testing.T) {
	for _, path := range []string{"/owa/", "/Microsoft-Server-ActiveSync?Cmd=Ping"} {
		s := onSockets(t, lab.Answer(document("")))
		c := s.call()
		c.send("POST " + path + " HTTP/1.0\r\nContent-Length: 0\r\n\r\n")
		wantReply(t, c.reply(), 200, "")
		got := s.sent(1)[0]
		if got.Get("Host") != s.proxy.config.Upstream.Host || got.Has("X-Forwarded-Host") {
			t.Errorf("%s went up as\n%s", path, got.Head)
		}
	}
}

func TestATrailerCarriesNothingThatBelongsIntoTheHead(t *testing.T) {
	const announced = "X-Sum, Authorization, X-Forwarded-For, Host, Connection, Content_length"
	lines := "X-Sum: 1\r\nAuthorization: Basic YTpi\r\nX-Forwarded-For: 192.0.2.1\r\nHost: other.test\r\n" +
		"Connection: close\r\nContent_length: 9\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n"
	for name, path := range map[string]string{"stream": "/EWS/Exchange.asmx", "wait": "/Microsoft-Server-ActiveSync?Cmd=Ping"} {
		t.Run(name, func(t *testing.T) {
			s := onSockets(t, lab.Answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n0\r\n"+lines+"\r\n"))
			c := s.call()
			c.send("POST " + path + " HTTP/1.1\r\nHost: mail.example.test\r\nTransfer-Encoding: chunked\r\nTrailer: " + announced +
				"\r\n\r\n1\r\na\r\n0\r\n" + lines + "\r\n")
			m, err := readMessage(c.in, false)
			if err != nil {
				t.Fatal(err)
			}
			only := []lab.Field{{Name: "X-Sum", Value: "1"}}
			if !slices.Equal(m.trailer, only) {
				t.Errorf("the trailer that came down: %v", m.trailer)
			}
			got := s.sent(1)[0]
			if !slices.Equal(got.Trailer, only) || got.Get("Trailer") != "X-Sum" {
				t.Errorf("the trailer that went up: %q as %v", got.Get("Trailer"), got.Trailer)
			}
		})
	}
}

func TestOnlyHTTP11SwitchesProtocolsAndNeverToH2C(t *testing.T) {
	for name, head := range map[string]string{
		"HTTP/1.0":  "GET / HTTP/1.0\r\nHost: mail.example.test\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
		"h2c":       "GET / HTTP/1.1\r\nHost: mail.example.test\r\nConnection: upgrade\r\nUpgrade: H2C\r\n\r\n",
		"h2c, last": "GET / HTTP/1.1\r\nHost: mail.example.test\r\nConnection: upgrade\r\nUpgrade: websocket, h2c\r\n\r\n",
	} {
		s := onSockets(t, lab.Answer(document("")))
		c := s.call()
		c.send(head)
		wantReply(t, c.reply(), 200, "")
		if got := s.sent(1)[0]; got.Has("Upgrade") || strings.Contains(strings.ToLower(got.Head), "upgrade") {
			t.Errorf("%s went up as\n%s", name, got.Head)
		}
	}
}
