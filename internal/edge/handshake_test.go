package edge

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"testing"
	"time"
)

// Each reason is brought about by a real client. When a new Go words an error
// anew, its case falls to "other" and fails here.
func TestHandshakeFailuresAreCountedByReason(t *testing.T) {
	try := func(change func(*tls.Config)) func(*testing.T, net.Conn) {
		return func(t *testing.T, c net.Conn) {
			config := &tls.Config{InsecureSkipVerify: true}
			change(config)
			if err := tls.Client(c, config).HandshakeContext(t.Context()); err == nil {
				t.Error("the handshake went through")
			}
		}
	}
	say := func(text string) func(*testing.T, net.Conn) {
		return func(t *testing.T, c net.Conn) {
			send(t, c, text)
			_, _ = io.Copy(io.Discard, c)
		}
	}
	for reason, client := range map[string]func(*testing.T, net.Conn){
		reasonVersion: try(func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS10, tls.VersionTLS11 }),
		reasonCipher: try(func(c *tls.Config) {
			c.MaxVersion, c.CipherSuites = tls.VersionTLS12, []uint16{tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256} // the key is ECDSA
		}),
		reasonALPN: try(func(c *tls.Config) { c.NextProtos = []string{"h2"} }),
		reasonClientRefused: try(func(c *tls.Config) {
			c.InsecureSkipVerify, c.RootCAs, c.ServerName = false, x509.NewCertPool(), "localhost"
		}),
		reasonNotTLS:      say("SSH-2.0-OpenSSH_9.2\r\n"),
		reasonPlainHTTP:   say(get),
		reasonProxyHeader: say("PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n"),
		reasonClosed:      func(_ *testing.T, c net.Conn) { c.Close() },
		reasonTimeout:     func(t *testing.T, c net.Conn) { expectEOF(t, c) },
		reasonOther:       say("\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00"), // a hello of one byte
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			l := start(t, func(cfg *Config) {
				if reason == reasonTimeout {
					cfg.limits.handshake = 30 * time.Millisecond
				}
			})
			client(t, l.dial())
			l.expectCount("handshake_failures_total", reason, 1)
		})
	}
}

func TestTLS12AndUpIsServed(t *testing.T) {
	l := start(t, nil)
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		c := tls.Client(l.dial(), &tls.Config{InsecureSkipVerify: true, MinVersion: version, MaxVersion: version})
		if answer, _ := l.ask(c, get); answer.StatusCode != http.StatusOK {
			t.Errorf("%s: %s", tls.VersionName(version), answer.Status)
		}
	}
}

func TestPlainHTTPIsToldToUseHTTPS(t *testing.T) {
	l := start(t, nil)
	answer, body := l.ask(l.dial(), get)
	if answer.StatusCode != http.StatusBadRequest || body != "This port speaks HTTPS: use https:// in the address.\n" {
		t.Errorf("%s %q", answer.Status, body)
	}
}

func TestAHandshakeThatHangsDelaysNobody(t *testing.T) {
	l := start(t, nil)
	for range 20 {
		l.dial() // says nothing
	}
	c := l.connect()
	send(t, c, get)
	if answer, _ := l.read(bufio.NewReader(c)); answer.StatusCode != http.StatusOK {
		t.Error(answer.Status)
	}
}

func TestHandshakeNoiseStaysAtDebug(t *testing.T) {
	l := start(t, nil)
	before := l.logs.Len()
	c := l.dial()
	send(t, c, string(bytes.Repeat([]byte{0xff}, 100)))
	_, _ = io.Copy(io.Discard, c)
	l.end()
	for _, entry := range l.logs.All()[before:] {
		if entry.Level > -1 && entry.Message != "listening" {
			t.Errorf("%s: %s", entry.Level, entry.Message)
		}
	}
}
