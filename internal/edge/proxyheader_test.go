package edge

import (
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap/zapcore"
	"pgregory.net/rapid"
)

// version2 writes a header as the PROXY protocol, section 2.2, has it.
func version2(command, family byte, rest ...[]byte) string {
	payload := bytes.Join(rest, nil)
	head := append([]byte("\r\n\r\n\x00\r\nQUIT\n"), 0x20|command, family)
	return string(append(binary.BigEndian.AppendUint16(head, uint16(len(payload))), payload...))
}

const local, proxied = 0, 1

var (
	v4pair = []byte{192, 0, 2, 1, 192, 0, 2, 2, 0x1f, 0x90, 0x01, 0xbb} // 192.0.2.1:8080 -> 192.0.2.2:443
	v6pair = []byte("\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01" +
		"\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x1f\x90\x01\xbb")
)

func trusting(prefixes ...string) func(*Config) {
	return func(cfg *Config) {
		for _, p := range prefixes {
			cfg.ProxyProtocolFrom = append(cfg.ProxyProtocolFrom, netip.MustParsePrefix(p))
		}
	}
}

func TestTheClientsAddressComesFromTheProxyHeader(t *testing.T) {
	l := start(t, trusting("127.0.0.0/8"))
	for name, c := range map[string]struct{ header, want string }{
		"v1 TCP4":                {"PROXY TCP4 192.0.2.1 192.0.2.2 8080 443\r\n", "192.0.2.1:8080"},
		"v1 TCP6":                {"PROXY TCP6 2001:db8::1 2001:db8::2 8080 443\r\n", "[2001:db8::1]:8080"},
		"v1 TCP6 as nginx mixes": {"PROXY TCP6 192.0.2.1 2001:db8::2 8080 443\r\n", "192.0.2.1:8080"},
		"v1 UNKNOWN":             {"PROXY UNKNOWN\r\n", "127.0.0.1:"},
		"v2 IPv4":                {version2(proxied, 0x11, v4pair), "192.0.2.1:8080"},
		"v2 IPv6":                {version2(proxied, 0x21, v6pair), "[2001:db8::1]:8080"},
		"v2 with TLVs":           {version2(proxied, 0x11, v4pair, []byte("\x02\x00\x04mail\x04\x00\x03\x00\x00\x00")), "192.0.2.1:8080"},
		"v2 Unix socket":         {version2(proxied, 0x31, make([]byte, 216)), "127.0.0.1:"},
		"v2 LOCAL health check":  {version2(local, 0x00), "127.0.0.1:"},
		"v2 LOCAL with address":  {version2(local, 0x11, v4pair), "127.0.0.1:"},
	} {
		t.Run(name, func(t *testing.T) {
			c2 := l.dial()
			send(t, c2, c.header)
			conn, err := l.shake(c2)
			if err != nil {
				t.Fatal(err)
			}
			if _, body := l.ask(conn, get); !strings.HasPrefix(body, c.want) {
				t.Errorf("RemoteAddr %s, want %s", body, c.want)
			}
		})
	}
}

func TestAListedPeerWithoutUsableHeaderIsRefused(t *testing.T) {
	for name, c := range map[string]struct{ say, reason string }{
		"TLS at once":         {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", proxyMissing},
		"broken v1":           {"PROXY TCP4 192.0.2.1 nonsense\r\n", proxyMalformed},
		"endless v1":          {"PROXY TCP4 " + strings.Repeat("1", 200), proxyMalformed},
		"v2, unknown command": {version2(7, 0x11, v4pair), proxyMalformed},
		"v2, short address":   {version2(proxied, 0x11, v4pair[:4]), proxyMalformed},
		"nothing":             {"", proxyTimeout},
		"half a v2":           {version2(proxied, 0x11, v4pair)[:20], proxyTimeout},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := start(t, func(cfg *Config) {
				trusting("127.0.0.1/32")(cfg)
				cfg.limits.proxyHeader = time.Minute
				if c.reason == proxyTimeout {
					cfg.limits.proxyHeader = 30 * time.Millisecond
				}
			})
			conn := l.dial()
			send(t, conn, c.say)
			_, _ = io.Copy(io.Discard, conn) // EOF, or a reset over what was not read
			l.expectCount("proxy_header_refusals_total", c.reason, 1)
			if n := l.logs.FilterLevelExact(zapcore.WarnLevel).FilterMessageSnippet("listed in proxy_protocol.trusted").Len(); n != 1 {
				t.Errorf("%d warnings for the operator, want 1", n)
			}
		})
	}
}

func TestAnUnlistedPeerCannotChooseItsAddress(t *testing.T) {
	for name, header := range map[string]string{"v1": "PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n", "v2": version2(proxied, 0x11, v4pair)} {
		t.Run(name, func(t *testing.T) {
			l := start(t, trusting("10.0.0.0/8", "::1/128"))
			c := l.dial()
			send(t, c, header)
			if _, err := l.shake(c); err == nil {
				t.Error("let in")
			}
			l.expectCount("proxy_header_refusals_total", proxyUntrusted, 1)
			l.expectCount("handshake_failures_total", reasonProxyHeader, 1)
		})
	}
}

func TestAHealthCheckThatOnlyConnectsIsNoRefusal(t *testing.T) {
	l := start(t, trusting("127.0.0.1/32"))
	c := l.dial()
	c.Close()
	second := l.dial()
	send(t, second, version2(local, 0x00))
	second.Close()
	l.expectCount("handshake_failures_total", reasonClosed, 2)
	for _, reason := range []string{proxyMissing, proxyMalformed, proxyTimeout} {
		if n := l.count("proxy_header_refusals_total", reason); n != 0 {
			t.Errorf("%v refusals: %s", n, reason)
		}
	}
	if n := l.logs.FilterMessageSnippet("proxy_protocol").Len(); n != 0 {
		t.Errorf("%d warnings", n)
	}
}

func TestIPv4PeersOfADualStackListenerAreListedByIPv4Prefixes(t *testing.T) {
	prefixes := []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("fe80::/10")}
	for addr, want := range map[string]bool{"[::ffff:192.0.2.7]:1": true, "192.0.2.7:1": true, "[fe80::1%eth0]:1": true, "198.51.100.1:1": false} {
		peer := net.TCPAddrFromAddrPort(netip.MustParseAddrPort(addr))
		if listed(prefixes, peer) != want {
			t.Errorf("%s listed: %v", addr, !want)
		}
	}
	if listed(prefixes, &net.UnixAddr{Name: "@"}) {
		t.Error("a Unix socket is listed")
	}
}

// pieces is a connection that gives its bytes in the pieces it was made of.
type pieces struct {
	net.Conn
	left [][]byte
}

func (p *pieces) SetReadDeadline(time.Time) error { return nil }
func (p *pieces) RemoteAddr() net.Addr            { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1} }
func (p *pieces) Read(b []byte) (int, error) {
	for len(p.left) > 0 && len(p.left[0]) == 0 {
		p.left = p.left[1:]
	}
	if len(p.left) == 0 {
		return 0, io.EOF
	}
	n := copy(b, p.left[0])
	p.left[0] = p.left[0][n:]
	return n, nil
}

// cut splits data at random places.
func cut(t *rapid.T, data []byte) (out [][]byte) {
	for len(data) > 0 {
		n := rapid.IntRange(1, len(data)).Draw(t, "piece")
		out, data = append(out, bytes.Clone(data[:n])), data[n:]
	}
	return out
}

func TestNoByteAfterTheProxyHeaderIsLost(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		source := rapid.SliceOfN(rapid.Byte(), 4, 4).Draw(t, "source")
		port := rapid.Uint16().Draw(t, "port")
		pair := append(append(bytes.Clone(source), 10, 0, 0, 1), byte(port>>8), byte(port), 1, 0xbb)
		tlv := append([]byte{0x04, 0, 0}, rapid.SliceOfN(rapid.Byte(), 0, 255).Draw(t, "noop")...)
		tlv[2] = byte(len(tlv) - 3)
		rest := rapid.SliceOf(rapid.Byte()).Draw(t, "rest")
		stream := append([]byte(version2(proxied, 0x11, pair, tlv)), rest...)
		c := &socket{Conn: &pieces{left: cut(t, stream)}}
		if err := c.readProxyHeader(time.Minute); err != nil {
			t.Fatal(err)
		}
		if want := netip.AddrPortFrom(netip.AddrFrom4([4]byte(source)), port).String(); c.RemoteAddr().String() != want {
			t.Fatalf("address %s, want %s", c.RemoteAddr(), want)
		}
		if got, err := io.ReadAll(c); err != nil || !bytes.Equal(got, rest) {
			t.Fatalf("%x remains (%v), want %x", got, err, rest)
		}
	})
}

func FuzzProxyHeader(f *testing.F) {
	f.Add([]byte("PROXY TCP4 192.0.2.1 192.0.2.2 8080 443\r\nrest"))
	f.Add([]byte("PROXY UNKNOWN\r\n"))
	f.Add([]byte(version2(proxied, 0x21, v6pair) + "rest"))
	f.Add([]byte(version2(local, 0x00)))
	f.Add([]byte("\x16\x03\x01"))
	f.Fuzz(func(t *testing.T, data []byte) {
		c := &socket{Conn: &pieces{left: [][]byte{bytes.Clone(data)}}}
		if err := c.readProxyHeader(time.Minute); err != nil {
			return
		}
		if c.RemoteAddr().String() == "" {
			t.Error("no address")
		}
		if rest, err := io.ReadAll(c); err != nil || !bytes.HasSuffix(data, rest) || len(rest) == len(data) {
			t.Errorf("%x (%v) remains of %x", rest, err, data)
		}
	})
}
