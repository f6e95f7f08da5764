package edge

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"time"
)

// holdAll fills a server of that many places with requests that are held, and
// returns what lets them go and expects their answers.
func holdAll(t *testing.T, n int, change func(*Config)) (l *lab, held []*tls.Conn, h *holding) {
	h = hold()
	h.ended = make(chan error, n)
	l = start(t, func(cfg *Config) {
		cfg.Handler, cfg.Connections = h, n
		if change != nil {
			change(cfg)
		}
	})
	for range n {
		c := l.connect()
		send(t, c, wait)
		<-h.begun
		held = append(held, c)
	}
	return l, held, h
}

func (l *lab) expectTurnedAway(answer *http.Response) {
	l.t.Helper()
	after, err := strconv.Atoi(answer.Header.Get("Retry-After"))
	if answer.StatusCode != http.StatusServiceUnavailable || err != nil || after < 20 || after > 60 {
		l.t.Errorf("%s, Retry-After %q", answer.Status, answer.Header.Get("Retry-After"))
	}
}

func TestAConnectionOverTheLimitIsTurnedAway(t *testing.T) {
	// Each of them ends by itself, long before the last limit.
	l, held, _ := holdAll(t, 10, func(cfg *Config) { cfg.limits.header = time.Hour })
	if n := l.count("connections_limit", ""); n != 10 {
		t.Errorf("limit %v", n)
	}
	for _, request := range []string{get, wait, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody",
		"POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n"} {
		c := l.connect()
		from := bufio.NewReader(c)
		send(t, c, request)
		answer, _ := l.read(from)
		l.expectTurnedAway(answer)
		if n, err := io.Copy(io.Discard, from); !answer.Close || n != 0 || err != nil {
			t.Errorf("close %v, %d bytes after it, %v", answer.Close, n, err)
		}
	}
	held[0].Close() // one leaves, and the next is served
	l.expectOpen(9)
	if answer, _ := l.ask(l.connect(), get); answer.StatusCode != http.StatusOK {
		t.Errorf("with a place free again: %s", answer.Status)
	}
	if n := l.count("connections_turned_away_total", ""); n != 4 {
		t.Errorf("%v turned away, want 4", n)
	}
	if n := l.logs.FilterMessageSnippet("LimitNOFILE").Len(); n != 1 {
		t.Errorf("%d warnings, want 1", n)
	}
	l.end()
	l.expectOpen(0)
}

func TestAnHTTP2ConnectionOverTheLimitIsTurnedAway(t *testing.T) {
	l, _, _ := holdAll(t, 2, func(cfg *Config) { cfg.ALPN = []string{"h2", "http/1.1"} })
	var protos http.Protocols
	protos.SetHTTP2(true)
	transport := &http.Transport{Protocols: &protos, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
	defer transport.CloseIdleConnections()
	for range 2 { // each on a connection of its own: the first one went away
		answer, err := (&http.Client{Transport: transport}).Get("https://" + l.Addr().String() + "/wait")
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if l.expectTurnedAway(answer); answer.ProtoMajor != 2 {
			t.Error(answer.Proto)
		}
	}
	l.expectOpen(2)
	l.expectCount("connections_turned_away_total", "", 2)
}

// All ways to keep a place over the limit end with the limit of a header block.
func TestWhoIsTurnedAwayDoesNotStay(t *testing.T) {
	const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00"
	for name, c := range map[string]struct{ proto, sends string }{
		"silent below TLS":         {},
		"silent":                   {proto: "http/1.1"},
		"half a header":            {"http/1.1", get[:10]},
		"a body that never comes":  {"http/1.1", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n"},
		"HTTP/2 without a request": {"h2", preface},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l, _, _ := holdAll(t, 1, func(cfg *Config) {
				cfg.ALPN = []string{"h2", "http/1.1"}
				cfg.limits.header = 200 * time.Millisecond
			})
			var conn net.Conn = l.dial()
			if c.proto != "" {
				var err error
				if conn, err = l.shake(conn, c.proto); err != nil {
					t.Fatal(err)
				}
			}
			send(t, conn, c.sends)
			_, _ = io.Copy(io.Discard, conn) // until it is closed
			if n := l.count("connections_turned_away_total", ""); n != 1 {
				t.Errorf("%v turned away", n)
			}
		})
	}
}

// At most spare of them are in at once, the others wait in the kernel until those
// have gone; all get an answer, and who is held sees nothing of it.
func TestACrowdOverTheLimitIsAnsweredAndDisturbsNobody(t *testing.T) {
	const places, crowd = 10, 200
	l, held, h := holdAll(t, places, nil)
	answers := make(chan error, crowd)
	var here sync.WaitGroup
	here.Add(crowd)
	for range crowd {
		c := l.dial()
		go func() {
			here.Done()
			here.Wait()
			answers <- turnedAway(c)
		}()
	}
	for range crowd {
		if err := <-answers; err != nil {
			t.Error(err)
		}
		if open := l.count("connections", ""); open > places+spare {
			t.Errorf("%v connections open", open)
		}
	}
	if n := l.count("connections_turned_away_total", ""); n != crowd {
		t.Errorf("%v turned away", n)
	}
	for range held {
		h.let <- struct{}{}
	}
	for _, c := range held {
		if answer, body := l.read(bufio.NewReader(c)); answer.StatusCode != http.StatusOK || body != "/wait" {
			t.Errorf("a held one: %s %q", answer.Status, body)
		}
	}
}

func turnedAway(c net.Conn) error {
	conn := tls.Client(c, &tls.Config{InsecureSkipVerify: true})
	defer conn.Close()
	if _, err := io.WriteString(conn, get); err != nil {
		return err
	}
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, answer.Body)
	if answer.StatusCode != http.StatusServiceUnavailable {
		return fmt.Errorf("answered %s, %w", answer.Status, err)
	}
	return err
}

func TestWithoutANumberHalfOfTheDescriptorsAreTheLimit(t *testing.T) {
	for asked, want := range map[int]int{0: connectionLimit(), -1: connectionLimit(), 77: 77} {
		cfg := Config{Handler: http.NotFoundHandler(), Connections: asked}
		if err := cfg.complete(); err != nil || cfg.limits.connections != want {
			t.Errorf("%d: %d, %v", asked, cfg.limits.connections, err)
		}
	}
}
