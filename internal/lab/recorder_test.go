package lab

import (
	"bufio"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// recording runs a test against a recorder in a bubble; dial gives a raw connection to it.
func recording(t *testing.T, script Script, test func(rec *Recorder, dial func() net.Conn)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		rec, p := NewRecorder(script), NewPipe()
		go rec.Serve(p)
		defer rec.Close()
		test(rec, func() net.Conn {
			c, err := p.Dial(context.Background(), "", "")
			if err != nil {
				t.Fatal(err)
			}
			return c
		})
	})
}

func readAll(c net.Conn, n int) string {
	b := make([]byte, n)
	n, _ = io.ReadFull(c, b)
	return string(b[:n])
}

const okAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

func TestARecorderSeesSpellingOrderAndFraming(t *testing.T) {
	recording(t, Answer(okAnswer), func(rec *Recorder, dial func() net.Conn) {
		c := dial()
		defer c.Close()
		head := "POST /x?User=LAB\\u&b=%zz;c HTTP/1.1\r\nHost: h\r\nms-asPROTOCOLversion:14.1\r\nX-A: 1\r\nx-a:  2 \r\nContent-Length: 5\r\n\r\n"
		io.WriteString(c, head+"hello"+
			"RPC_IN_DATA /rpc HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;ext=1\r\nde\r\n0\r\nX-Sum: 9\r\n\r\n"+
			"GET / HTTP/1.0\r\n\r\n")
		if got := readAll(c, 3*len(okAnswer)); got != strings.Repeat(okAnswer, 3) {
			t.Fatalf("answers %q", got)
		}
		one, _ := rec.Next(context.Background())
		two, _ := rec.Next(context.Background())
		three, _ := rec.Next(context.Background())
		if one.Method != "POST" || one.Target != `/x?User=LAB\u&b=%zz;c` || one.Head != head ||
			one.Framing != FramedLength || string(one.Body) != "hello" || one.BodySum != sha256.Sum256([]byte("hello")) {
			t.Errorf("first: %+v", one)
		}
		want := []Field{{"Host", "h"}, {"ms-asPROTOCOLversion", "14.1"}, {"X-A", "1"}, {"x-a", "2"}, {"Content-Length", "5"}}
		if !slices.Equal(one.Fields, want) || !one.Has("ms-asPROTOCOLversion") || one.Has("Ms-Asprotocolversion") || one.Get("X-a") != "1" {
			t.Errorf("fields %v", one.Fields)
		}
		if two.Method != "RPC_IN_DATA" || string(two.Body) != "abcde" || !slices.Equal(two.Chunks, []int{3, 2}) ||
			!slices.Equal(two.Trailer, []Field{{"X-Sum", "9"}}) || two.Nth != 2 {
			t.Errorf("second: %+v", two)
		}
		if three.Framing != FramedNone || three.Proto != "HTTP/1.0" || three.Conn != 1 || rec.Conns() != 1 {
			t.Errorf("third: %+v", three)
		}
	})
}

func TestARecorderAnswersBeforeTheBodyIsThere(t *testing.T) {
	pieces := make(chan string)
	script := func(x *Exchange) error {
		if err := x.Send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"); err != nil {
			return err
		}
		b := make([]byte, 100)
		for {
			n, err := x.Read(b)
			if err != nil {
				return err
			}
			pieces <- string(b[:n])
			x.Send(Chunk("got " + string(b[:n])))
		}
	}
	recording(t, script, func(rec *Recorder, dial func() net.Conn) {
		c := dial()
		io.WriteString(c, "RPC_IN_DATA / HTTP/1.1\r\nContent-Length: 1073741824\r\n\r\n")
		head := "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
		if got := readAll(c, len(head)); got != head {
			t.Fatalf("head %q", got)
		}
		for _, p := range []string{"first", "second"} {
			io.WriteString(c, p)
			if got := <-pieces; got != p {
				t.Errorf("piece %q, want %q", got, p)
			}
			if want := Chunk("got " + p); readAll(c, len(want)) != want {
				t.Errorf("no chunk for %q", p)
			}
		}
		c.Close()
		got, _ := rec.Next(context.Background())
		if got.BodySize != 11 || got.Length != 1<<30 || !errors.Is(got.Err, io.ErrUnexpectedEOF) {
			t.Errorf("%d of %d, %v", got.BodySize, got.Length, got.Err)
		}
	})
}

func TestARecorderContinuesSwitchesAndResets(t *testing.T) {
	recording(t, Answer(okAnswer), func(rec *Recorder, dial func() net.Conn) {
		c := dial()
		defer c.Close()
		io.WriteString(c, "POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n")
		in := bufio.NewReader(c)
		if line, _ := in.ReadString('\n'); line != "HTTP/1.1 100 Continue\r\n" {
			t.Fatalf("%q", line)
		}
		io.WriteString(c, "x")
		readAll(c, len(okAnswer))

		rec.SetScript(func(x *Exchange) error {
			x.Send("HTTP/1.1 101 Switching Protocols\r\n\r\n")
			io.Copy(x.Conn, x.Raw())
			x.Reset()
			return io.EOF
		})
		c = dial()
		io.WriteString(c, "GET / HTTP/1.1\r\nUpgrade: x\r\n\r\nraw")
		if got := readAll(c, 39); !strings.HasSuffix(got, "\r\n\r\nraw") {
			t.Errorf("after the upgrade %q", got)
		}
		c.(*pipeConn).CloseWrite()
		if _, err := c.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("%v, want ECONNRESET", err)
		}
	})
}

func TestARecorderRefusesWhatIsNotHTTP(t *testing.T) {
	for _, bad := range []string{"\x16\x03\x01\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/1.1\r\nno colon\r\n\r\n",
		"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n"} {
		recording(t, Answer(okAnswer), func(rec *Recorder, dial func() net.Conn) {
			c := dial()
			defer c.Close()
			io.WriteString(c, bad)
			if _, err := c.Read(make([]byte, 1)); err != io.EOF {
				t.Errorf("%q: %v, want EOF", bad, err)
			}
		})
	}
}

func TestNextGivesUpWithItsContext(t *testing.T) {
	recording(t, Answer(okAnswer), func(rec *Recorder, _ func() net.Conn) {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if _, err := rec.Next(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
	})
}

func TestARecorderListensOnARealPort(t *testing.T) {
	rec := NewRecorder(Answer(okAnswer))
	defer rec.Close()
	url, err := rec.Listen(nil)
	if err != nil {
		t.Fatal(err)
	}
	c, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	io.WriteString(c, "POST /here HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello")
	got, err := rec.Next(t.Context())
	if err != nil || got.Target != "/here" || string(got.Body) != "hello" || len(rec.Requests()) != 1 {
		t.Errorf("%+v, %v", got, err)
	}
}
