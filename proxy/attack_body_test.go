package proxy

import (
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/diastole/diastole/internal/lab"
)

const posted = "POST /EWS/Exchange.asmx HTTP/1.1\r\nHost: mail.example.test\r\n"

func TestAShortBodyMayPauseForAMinuteAndNoLonger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := inMemory(t, lab.Answer("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"))
		slow := s.call()
		slow.send(posted + "Content-Length: 20\r\n\r\n")
		for range 20 { // ten minutes in all
			time.Sleep(30 * time.Second)
			slow.send("x")
		}
		wantReply(t, slow.reply(), 200, "ok")

		gone := s.call()
		gone.send(posted + "Content-Length: 20\r\n\r\nx")
		begun := time.Now()
		if got := gone.reply(); got.code != 408 || time.Since(begun) != shortPause {
			t.Errorf("%d after %v, want 408 after %v", got.code, time.Since(begun), shortPause)
		}
		if _, err := gone.in.ReadByte(); err != io.EOF || time.Since(begun) > shortPause+2*time.Second {
			t.Errorf("the connection ended after %v with %v", time.Since(begun), err)
		}
		time.Sleep(time.Second) // in which net/http closes
		if n := len(s.sent(1)); n != 1 || s.count("diastole_malformed_bodies_total") != 1 {
			t.Errorf("%d requests went up, %v bodies are counted", n, s.count("diastole_malformed_bodies_total"))
		}
	})
}

func TestAStreamMayPauseForAnHourAndNoLonger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ended := make(chan error, 1)
		s := inMemory(t, func(x *lab.Exchange) error {
			err := x.ReadBody()
			ended <- err
			return err
		})
		c := s.call()
		c.send("RPC_IN_DATA /rpc/rpcproxy.dll HTTP/1.1\r\nHost: mail.example.test\r\nContent-Length: 1073741824\r\n\r\n")
		for range 5 {
			time.Sleep(50 * time.Minute)
			c.send("packet")
		}
		begun := time.Now()
		if err := <-ended; err == nil || time.Since(begun) != streamPause {
			t.Errorf("the server's side ended with %v after %v, want %v", err, time.Since(begun), streamPause)
		}
		// A 408 if it comes in time: net/http takes a read that failed for a client that left.
		if got := c.reply(); got.code != 408 && !got.cut {
			t.Errorf("got %d %q", got.code, got.body)
		}
		if _, err := c.in.ReadByte(); err != io.EOF {
			t.Errorf("the connection goes on: %v", err)
		}
		if n := s.count("diastole_upstream_errors_total"); n != 0 {
			t.Errorf("the server is blamed %v times", n)
		}
		time.Sleep(time.Second) // in which net/http closes
	})
}

func TestTheRestOfABodyIsNotAwaitedForEver(t *testing.T) {
	for name, script := range map[string]lab.Script{
		"refused for good": func(x *lab.Exchange) error {
			_ = x.Send("HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
			return io.EOF
		},
		"no server": nil,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := inMemory(t, script)
				if script == nil {
					s.up.Close()
				}
				c := s.call()
				c.send(posted + "Transfer-Encoding: chunked\r\n\r\n" + lab.Chunk(strings.Repeat("x", 100)))
				begun := time.Now()
				if m, err := readMessage(c.in, false); err != nil || m.get("Connection") != "close" {
					t.Errorf("got %+v, %v", m, err)
				}
				if _, err := c.in.ReadByte(); err != io.EOF || time.Since(begun) > 2*shortPause {
					t.Errorf("the connection ended after %v with %v", time.Since(begun), err)
				}
				time.Sleep(time.Second) // in which net/http closes
			})
		})
	}
}

// IIS answers 401 from the head alone, takes the body all the same and keeps the
// connection. A client on a slow link is then still at the body's beginning.
func TestABodyGoesOnAfterItsAnswer(t *testing.T) {
	for _, authorization := range []string{"", "Authorization: NTLM TlRMTVNTUAAB\r\n"} {
		synctest.Test(t, func(t *testing.T) {
			s := inMemory(t, func(x *lab.Exchange) error {
				return x.Send("HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nno")
			})
			c := s.call()
			for range 2 {
				c.send(posted + authorization + "Content-Length: 100000\r\n\r\n")
				wantReply(t, c.reply(), 401, "no")
				for range 100 {
					time.Sleep(time.Second)
					c.send(strings.Repeat("x", 1000))
				}
			}
			if sent := s.sent(2); sent[0].BodySize != 100_000 || sent[1].BodySize != 100_000 || sent[0].Conn != sent[1].Conn && authorization != "" {
				t.Errorf("bodies of %d and %d bytes went up, on connections %d and %d",
					sent[0].BodySize, sent[1].BodySize, sent[0].Conn, sent[1].Conn)
			}
		})
	}
}

func TestAClaimedLengthCostsNothing(t *testing.T) {
	var calls int
	b, whole, err := readUpTo(reading(func(p []byte) (int, error) {
		if calls++; calls == 2 {
			return 0, io.EOF
		}
		return copy(p, "short"), nil
	}), wholeBody)
	if string(b) != "short" || !whole || err != nil || cap(b) > 512 {
		t.Errorf("%q, %v, %v in a buffer of %d", b, whole, err, cap(b))
	}
}

type reading func([]byte) (int, error)

func (r reading) Read(p []byte) (int, error) { return r(p) }
