package proxy

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/diastole/diastole/internal/lab"
)

// TestEachChunkOfAStreamArrivesBeforeTheNextIsSent: EWS streaming keeps one
// answer open for half an hour. The server sends a chunk only when the client
// has read the one before: held back anywhere, the test would stand still.
func TestEachChunkOfAStreamArrivesBeforeTheNextIsSent(t *testing.T) {
	const chunks = 50
	read := make(chan struct{})
	for name, framing := range map[string]string{"chunked": "Transfer-Encoding: chunked", "with a length": "Content-Length: 300"} {
		t.Run(name, func(t *testing.T) {
			_, front := recording(t, func(x *lab.Exchange) error {
				if err := x.ReadBody(); err != nil {
					return err
				}
				_ = x.Send("HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n" + framing + "\r\n\r\n")
				for i := range chunks {
					piece := fmt.Sprintf("<m%2d/>", i)
					if name == "chunked" {
						piece = lab.Chunk(piece)
					}
					if err := x.Send(piece); err != nil {
						return err
					}
					select {
					case <-read:
					case <-x.Context.Done():
						return io.EOF
					}
				}
				if name == "chunked" {
					return x.Send(lab.Chunk(""))
				}
				return nil
			})
			res, err := front.Client().Post(front.URL+"/EWS/Exchange.asmx", "text/xml", strings.NewReader("<GetStreamingEvents/>"))
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			piece := make([]byte, 6)
			for i := range chunks {
				if _, err := io.ReadFull(res.Body, piece); err != nil || string(piece) != fmt.Sprintf("<m%2d/>", i) {
					t.Fatalf("piece %d: %q, %v", i, piece, err)
				}
				read <- struct{}{}
			}
			if n, err := res.Body.Read(piece); n != 0 || err != io.EOF {
				t.Errorf("after the last: %d bytes, %v", n, err)
			}
		})
	}
}

// TestRPCOverHTTPStreamsBothWaysAtOnce: RPC_IN_DATA declares 1 GiB and never
// ends (MS-RPCH 2.1.2.1.1); each PDU must arrive when it is sent, and the answer
// may begin while the body is still going up.
func TestRPCOverHTTPStreamsBothWaysAtOnce(t *testing.T) {
	rec, front := recording(t, func(x *lab.Exchange) error {
		pdu := make([]byte, 16)
		_ = x.Send("HTTP/1.1 200 OK\r\nContent-Type: application/rpc\r\nContent-Length: 1073741824\r\n\r\n")
		for {
			if _, err := io.ReadFull(x, pdu); err != nil {
				return err
			}
			if err := x.Send(strings.ToUpper(string(pdu))); err != nil {
				return err
			}
		}
	})
	p := call(t, front)
	p.send(t, "RPC_IN_DATA /rpc/rpcproxy.dll?exchange:6001 HTTP/1.1\r\nHost: h\r\nContent-Length: 1073741824\r\n\r\n")
	head, err := readHeadOnly(p.in)
	if err != nil || !strings.HasPrefix(head, "HTTP/1.1 200") || !strings.Contains(head, "Content-Length: 1073741824") {
		t.Fatalf("the answer did not begin before the body: %q, %v", head, err)
	}
	for i := range 20 {
		pdu := fmt.Sprintf("pdu number %5d", i)
		p.send(t, pdu)
		got := make([]byte, 16)
		if _, err := io.ReadFull(p.in, got); err != nil || string(got) != strings.ToUpper(pdu) {
			t.Fatalf("PDU %d came back as %q, %v", i, got, err)
		}
	}
	p.Close()
	if got := next(t, rec); got.Err == nil || got.Get("Content-Length") != "1073741824" {
		t.Errorf("the server was not let go: %+v", got)
	}
}

func readHeadOnly(in *bufio.Reader) (string, error) {
	var head strings.Builder
	for {
		line, err := in.ReadString('\n')
		head.WriteString(line)
		if err != nil || line == "\r\n" {
			return head.String(), err
		}
	}
}

// TestAnUpgradeJoinsTheTwoConnections: WebSocket, with bytes in the same segment
// as the 101 and bytes sent before it was read.
func TestAnUpgradeJoinsTheTwoConnections(t *testing.T) {
	rec, front := recording(t, func(x *lab.Exchange) error {
		_ = x.Send("HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: k\r\n\r\nearly ")
		in := x.Raw()
		b := make([]byte, 4)
		for {
			if _, err := io.ReadFull(in, b); err != nil {
				return io.EOF
			}
			if err := x.Send(string(bytes.ToUpper(b))); err != nil {
				return err
			}
		}
	})
	p := call(t, front)
	p.send(t, "GET /owa/ev.owa2 HTTP/1.1\r\nHost: h\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n\r\nping")
	m, err := readMessage(p.in, true)
	if err != nil || m.first != "HTTP/1.1 101 Switching Protocols" || m.get("Sec-WebSocket-Accept") != "k" || m.get("Upgrade") != "websocket" {
		t.Fatalf("got %+v, %v", m, err)
	}
	got := make([]byte, 10)
	if _, err := io.ReadFull(p.in, got); err != nil || string(got) != "early PING" {
		t.Fatalf("got %q, %v", got, err)
	}
	p.send(t, "pong")
	if _, err := io.ReadFull(p.in, got[:4]); err != nil || string(got[:4]) != "PONG" {
		t.Fatalf("got %q, %v", got[:4], err)
	}
	p.Close()
	if seen := next(t, rec); seen.Get("Upgrade") != "websocket" || !strings.EqualFold(seen.Get("Connection"), "Upgrade") {
		t.Errorf("the server saw %+v", seen)
	}
}

// TestInterimAnswersPass, but one 100 only, and none that the client's version
// does not know.
func TestInterimAnswersPass(t *testing.T) {
	early := "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
	_, front := recording(t, lab.Answer(early, "HTTP/1.1 102 Processing\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"))
	p := call(t, front)
	p.send(t, "PUT /x HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n")
	if line, err := readHeadOnly(p.in); err != nil || line != "HTTP/1.1 100 Continue\r\n\r\n" {
		t.Fatalf("instead of 100: %q, %v", line, err)
	}
	p.send(t, "abc")
	m, interim := p.receive(t, false)
	var firsts []string
	for _, i := range interim {
		firsts = append(firsts, i.first)
	}
	if want := []string{"HTTP/1.1 103 Early Hints", "HTTP/1.1 102 Processing"}; !slices.Equal(firsts, want) || interim[0].get("Link") != "</a>" {
		t.Errorf("1xx: got %q, want %q", firsts, want)
	}
	if m.body != "ok" || m.get("Link") != "" {
		t.Errorf("got %+v", m)
	}
	old := call(t, front)
	old.send(t, "GET /x HTTP/1.0\r\n\r\n")
	if m, interim := old.receive(t, false); len(interim) > 0 || m.body != "ok" {
		t.Errorf("HTTP/1.0 got %d 1xx and %+v", len(interim), m)
	}
}

// TestARefusedExpectNeverSendsTheBody: 417 or 401 instead of 100 (RFC 9110 10.1.1).
func TestARefusedExpectNeverSendsTheBody(t *testing.T) {
	rec, front := recording(t, func(x *lab.Exchange) error {
		_ = x.Send("HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n")
		return io.EOF
	})
	p := call(t, front)
	p.send(t, "PUT /x HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n")
	m, interim := p.receive(t, false)
	if len(interim) != 0 || !strings.Contains(m.first, "401") {
		t.Errorf("got %d 1xx, then %q", len(interim), m.first)
	}
	if got := next(t, rec); got.BodySize != 0 || got.Get("Expect") != "100-continue" {
		t.Errorf("the server saw %+v", got)
	}
}

// TestALargeBodyIsNeitherLimitedNorKept: 64 MiB up and down, in chunks.
func TestALargeBodyIsNeitherLimitedNorKept(t *testing.T) {
	const size = 64 << 20
	_, front := recording(t, func(x *lab.Exchange) error {
		_ = x.Send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
		b := make([]byte, 32<<10)
		for {
			n, err := x.Read(b)
			if n > 0 {
				if err := x.Send(lab.Chunk(string(b[:n]))); err != nil {
					return err
				}
			}
			if err == io.EOF {
				return x.Send(lab.Chunk(""))
			}
			if err != nil {
				return err
			}
		}
	})
	res, err := front.Client().Post(front.URL+"/echo", "", io.LimitReader(zeroes{}, size))
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatal(res, err)
	}
	defer res.Body.Close()
	if n, err := io.Copy(io.Discard, res.Body); n != size || err != nil {
		t.Errorf("%d of %d bytes came back, %v", n, size, err)
	}
}

type zeroes struct{}

func (zeroes) Read(p []byte) (int, error) { clear(p); return len(p), nil }
