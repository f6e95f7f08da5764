package edge

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// parking is a handler that takes over the connection of each request to /park and
// tells of it. Other requests it answers with their path and the length of their body.
type parking chan *parked

// parked is a connection without http.Server, and what was read from it too early.
type parked struct {
	net.Conn
	r     *http.Request
	early []byte
}

func (p parking) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	n, _ := io.Copy(io.Discard, r.Body)
	if !strings.HasPrefix(r.URL.Path, "/park") {
		_, _ = fmt.Fprintf(w, "%s %d", r.URL.Path, n)
		return
	}
	c, rw, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(err)
	}
	early, _ := rw.Reader.Peek(rw.Reader.Buffered())
	p <- &parked{Conn: c, r: r, early: slices.Clone(early)}
}

// answer is what the proxy writes by hand.
func (p *parked) answer(body string) {
	if _, err := fmt.Fprintf(p, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(body), body); err != nil {
		panic(err)
	}
}

func (p *parked) giveBack(synthetic string) {
	p.Conn.(interface{ GiveBack([]byte) }).GiveBack(append([]byte(synthetic), p.early...))
}

func (p *parked) hasEarly() bool {
	return len(p.early) > 0 || p.Conn.(interface{ ReadAhead() bool }).ReadAhead()
}

func startParking(t *testing.T, change func(*Config)) (*lab, parking) {
	lot := make(parking)
	return start(t, func(cfg *Config) {
		cfg.Handler = lot
		if change != nil {
			change(cfg)
		}
	}), lot
}

func requestTo(path string) string { return "GET " + path + " HTTP/1.1\r\nHost: x\r\n\r\n" }

func (l *lab) expect(from *bufio.Reader, body string) {
	l.t.Helper()
	if answer, got := l.read(from); answer.StatusCode != http.StatusOK || got != body {
		l.t.Errorf("%s %q, want %q", answer.Status, got, body)
	}
}

func TestAConnectionGivenBackIsServedAsBefore(t *testing.T) {
	var contexts, states atomic.Int32
	l, lot := startParking(t, func(cfg *Config) {
		cfg.ConnContext = func(ctx context.Context, _ net.Conn) context.Context { contexts.Add(1); return ctx }
		cfg.ConnState = func(_ net.Conn, state http.ConnState) {
			if state == http.StateNew {
				states.Add(1)
			}
		}
	})
	c := l.connect()
	from := bufio.NewReader(c)
	const rounds = 5
	for round := range rounds {
		send(t, c, requestTo("/park"))
		p := <-lot
		if p.r.RemoteAddr != c.LocalAddr().String() || p.r.TLS == nil || p.r.TLS.Version != tls.VersionTLS13 || p.hasEarly() {
			t.Errorf("round %d: from %s, tls %+v, early %v", round, p.r.RemoteAddr, p.r.TLS, p.hasEarly())
		}
		p.answer("by hand")
		l.expect(from, "by hand")
		p.giveBack("")
		send(t, c, requestTo("/plain"))
		l.expect(from, "/plain 0")
	}
	if contexts.Load() != rounds+1 || states.Load() != rounds+1 {
		t.Errorf("%d times new in ConnContext, %d in ConnState, want %d", contexts.Load(), states.Load(), rounds+1)
	}
	c.Close()
	l.expectOpen(0)
	l.expectCount("connections_accepted_total", "", 1)
}

// However a client sends its next request before the answer, no sign of the socket
// may come any more, so ReadAhead must tell of it, and it is answered once.
func TestWhatAClientSendsTooEarlyIsServedOnceAfterGiveBack(t *testing.T) {
	long := "GET /next HTTP/1.1\r\nHost: x\r\nX: " + strings.Repeat("a", 20_000) + "\r\n\r\n"
	for name, c := range map[string]struct{ with, before, after string }{
		"with the request":                {with: requestTo("/next")},
		"half of it with the request":     {with: requestTo("/next")[:20], after: requestTo("/next")[20:]},
		"more than one buffer":            {with: long},
		"more than one buffer, cut":       {with: long[:9000], after: long[9000:]},
		"while it is parked":              {before: requestTo("/next")},
		"one byte while it is parked":     {before: "G", after: requestTo("/next")[1:]},
		"with it, and the rest when held": {with: requestTo("/next")[:20], before: requestTo("/next")[20:]},
		"with a body":                     {with: "POST /next HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"},
	} {
		t.Run(name, func(t *testing.T) {
			l, lot := startParking(t, nil)
			conn := l.connect()
			from := bufio.NewReader(conn)
			send(t, conn, requestTo("/park")+c.with)
			p := <-lot
			if p.hasEarly() != (c.with != "") {
				t.Errorf("early: %v", p.hasEarly())
			}
			send(t, conn, c.before)
			p.answer("by hand")
			p.giveBack("")
			send(t, conn, c.after)
			l.expect(from, "by hand")
			l.expect(from, "/next 0")
			send(t, conn, requestTo("/last")) // nothing is answered twice
			l.expect(from, "/last 0")
		})
	}
}

// crypto/tls reads more from the socket than the record that is asked for.
func TestReadAheadKnowsWhatTLSHasReadAlready(t *testing.T) {
	l, lot := startParking(t, nil)
	below := &together{Conn: l.dial()}
	c, err := l.shake(below)
	if err != nil {
		t.Fatal(err)
	}
	from := bufio.NewReader(c)
	below.waiting = new(bytes.Buffer)
	send(t, c, requestTo("/park"))
	send(t, c, requestTo("/next"))
	below.flush()
	p := <-lot
	if len(p.early) > 0 || !p.hasEarly() {
		t.Errorf("%d bytes in the bufio.Reader, early %v", len(p.early), p.hasEarly())
	}
	p.answer("by hand")
	p.giveBack("")
	l.expect(from, "by hand")
	l.expect(from, "/next 0")
}

func TestReadAheadKnowsOfWhatWasGivenBackAndNotReadAgain(t *testing.T) {
	g := &guard{again: []byte("G")}
	if !g.ReadAhead() || g.reread(make([]byte, 9)) != 1 || g.ReadAhead() {
		t.Error("early, or not")
	}
}

// together writes several TLS records as one segment.
type together struct {
	net.Conn
	waiting *bytes.Buffer // nil: writes at once
}

func (c *together) Write(p []byte) (int, error) {
	if c.waiting == nil {
		return c.Conn.Write(p)
	}
	return c.waiting.Write(p)
}

func (c *together) flush() {
	_, _ = c.waiting.WriteTo(c.Conn)
	c.waiting = nil
}

func TestARequestOfOursComesBeforeTheClients(t *testing.T) {
	for name, ours := range map[string]string{
		"short": "POST /ours HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody",
		"long":  "POST /ours HTTP/1.1\r\nHost: x\r\nX: " + strings.Repeat("a", 9000) + "\r\nContent-Length: 4\r\n\r\nbody",
	} {
		for _, with := range []string{"", requestTo("/next")} {
			t.Run(name, func(t *testing.T) {
				l, lot := startParking(t, nil)
				c := l.connect()
				from := bufio.NewReader(c)
				send(t, c, requestTo("/park")+with)
				p := <-lot
				p.giveBack(ours)
				l.expect(from, "/ours 4")
				if with == "" {
					send(t, c, requestTo("/next"))
				}
				l.expect(from, "/next 0")
				send(t, c, requestTo("/park")) // and it can be taken over again
				p = <-lot
				p.giveBack(ours)
				l.expect(from, "/ours 4")
			})
		}
	}
}

// What http.Server has not read of an ahead longer than its buffer stays behind
// the next one.
func TestTakenOverInTheMiddleOfAheadNothingIsLost(t *testing.T) {
	l, lot := startParking(t, nil)
	c := l.connect()
	from := bufio.NewReader(c)
	send(t, c, requestTo("/park"))
	var many strings.Builder
	for i := range 300 {
		many.WriteString(requestTo(fmt.Sprint("/", i)))
	}
	p := <-lot
	p.giveBack(requestTo("/park2") + many.String())
	if p = <-lot; !p.hasEarly() {
		t.Error("nothing early")
	}
	p.answer("by hand")
	p.giveBack("")
	l.expect(from, "by hand")
	for i := range 300 {
		l.expect(from, fmt.Sprintf("/%d 0", i))
	}
}

func TestFramingGoesOnAfterGiveBack(t *testing.T) {
	const bad = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" +
		"GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
	for name, c := range map[string]struct{ with, after string }{
		"sent afterwards":        {"", bad},
		"sent with the first":    {bad, ""},
		"cut in the head":        {bad[:30], bad[30:]},
		"cut before the refusal": {bad[:len(bad)-60], bad[len(bad)-60:]},
		"behind a body that began before": {"POST /good HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbo",
			"dy" + bad},
	} {
		t.Run(name, func(t *testing.T) {
			l, lot := startParking(t, nil)
			conn := l.connect()
			from := bufio.NewReader(conn)
			send(t, conn, requestTo("/park")+c.with)
			p := <-lot
			p.answer("by hand")
			p.giveBack("")
			send(t, conn, c.after)
			l.expect(from, "by hand")
			if strings.Contains(c.with, "/good") {
				l.expect(from, "/good 4")
			}
			if answer, _ := l.read(from); answer.StatusCode != http.StatusBadRequest || !answer.Close {
				t.Errorf("%s, close %v", answer.Status, answer.Close)
			}
			if n, err := io.Copy(io.Discard, from); n != 0 || err != nil {
				t.Errorf("%d bytes after it, %v", n, err)
			}
			l.expectCount("requests_refused_total", lengthAndEncoding.reason, 1)
		})
	}
}

// net/http does so behind a POST that it has read itself.
func TestLineEndsBehindTheBodyAreIgnoredAfterGiveBack(t *testing.T) {
	const post = "POST /park HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody"
	for _, when := range []string{"with it", "afterwards", "cut"} {
		t.Run(when, func(t *testing.T) {
			l, lot := startParking(t, nil)
			c := l.connect()
			from := bufio.NewReader(c)
			pieces := map[string][2]string{"with it": {"\r\n", requestTo("/next")}, "afterwards": {"", "\r\n" + requestTo("/next")},
				"cut": {"\r", "\n\r\n" + requestTo("/next")}}[when]
			send(t, c, post+pieces[0])
			p := <-lot
			p.giveBack("")
			send(t, c, pieces[1])
			l.expect(from, "/next 0")
		})
	}
}

func TestAnUploadThatAsksFirstIsServedAfterGiveBack(t *testing.T) {
	const size = 1 << 20
	l, lot := startParking(t, nil)
	c := l.connect()
	from := bufio.NewReader(c)
	send(t, c, requestTo("/park"))
	p := <-lot
	p.answer("by hand")
	p.giveBack("")
	l.expect(from, "by hand")
	send(t, c, fmt.Sprintf("POST /up HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n", size))
	if answer, err := http.ReadResponse(from, nil); err != nil || answer.StatusCode != http.StatusContinue {
		t.Fatal(answer, err)
	}
	send(t, c, strings.Repeat("x", size))
	l.expect(from, fmt.Sprint("/up ", size))
}

func TestGivingBackAConnectionThatItsClientHasLeftEndsIt(t *testing.T) {
	l, lot := startParking(t, nil)
	c := l.connect()
	send(t, c, requestTo("/park"))
	p := <-lot
	c.Close()
	p.giveBack(requestTo("/ours")) // its answer goes nowhere
	p.giveBack("")                 // a second one does nothing
	l.expectOpen(0)
}

func TestAfterShutdownWhatIsGivenBackIsClosed(t *testing.T) {
	for name, stop := range map[string]func(*lab) error{
		"Shutdown": func(l *lab) error { return l.Shutdown(shutdownContext(l.t)) },
		"Close":    func(l *lab) error { return l.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			l, lot := startParking(t, nil)
			c := l.connect()
			from := bufio.NewReader(c)
			send(t, c, requestTo("/park"))
			p := <-lot
			if err := stop(l); err != nil { // it does not wait for it
				t.Fatal(err)
			}
			p.answer("released")
			p.giveBack(requestTo("/ours"))
			l.expect(from, "released")
			if n, err := io.Copy(io.Discard, from); n != 0 || err != nil {
				t.Errorf("%d bytes after it, %v", n, err)
			}
			l.expectOpen(0)
		})
	}
}

// parkAll brings that many connections to where the handler has them.
func parkAll(t *testing.T, l *lab, lot parking, n int) ([]*tls.Conn, []*parked) {
	clients, all := make([]*tls.Conn, n), make([]*parked, n)
	for i := range clients {
		clients[i] = l.connect()
		send(t, clients[i], requestTo("/park"))
		all[i] = <-lot
	}
	return clients, all
}

func TestManyConnectionsAreGivenBackAtOnce(t *testing.T) {
	const many = 500
	l, lot := startParking(t, nil)
	clients, all := parkAll(t, l, lot, many)
	for _, p := range all {
		p.answer("by hand")
	}
	for i, p := range all { // as from one event loop
		p.giveBack(requestTo(fmt.Sprint("/ours/", i)))
	}
	for i, c := range clients {
		from := bufio.NewReader(c)
		l.expect(from, "by hand")
		l.expect(from, fmt.Sprintf("/ours/%d 0", i))
		send(t, c, requestTo("/next"))
		l.expect(from, "/next 0")
	}
	for _, c := range clients {
		c.Close()
	}
	l.expectOpen(0)
}

// The caller may hold what a hook of the server waits for. What is on its way then
// is closed with the server.
func TestGiveBackDoesNotWaitForTheServer(t *testing.T) {
	var blocked atomic.Bool
	inside, let := make(chan struct{}), make(chan struct{})
	l, lot := startParking(t, func(cfg *Config) {
		cfg.ConnContext = func(ctx context.Context, _ net.Conn) context.Context {
			if blocked.Load() {
				inside <- struct{}{}
				<-let
			}
			return ctx
		}
	})
	clients, all := parkAll(t, l, lot, 4)
	blocked.Store(true)
	all[0].giveBack("")
	<-inside
	for _, p := range all[1:] {
		p.giveBack(requestTo("/ours"))
	}
	blocked.Store(false)
	closed := make(chan error, 1)
	go func() { closed <- l.Close() }()
	<-l.stopping.Done()
	for _, c := range clients[1:] {
		expectEOF(t, c) // although the server is not out of its hook
	}
	close(let)
	if err := <-closed; err != nil {
		t.Error(err)
	}
	l.expectOpen(0)
}

// Each of them is served or closed, none is lost on its way.
func TestConnectionsGivenBackDuringShutdownAreNotLost(t *testing.T) {
	const many = 100
	l, lot := startParking(t, nil)
	clients, all := parkAll(t, l, lot, many)
	var giving sync.WaitGroup
	begun := make(chan struct{}, many)
	for _, p := range all {
		giving.Go(func() {
			begun <- struct{}{}
			p.giveBack(requestTo("/ours"))
		})
	}
	<-begun
	if err := l.Shutdown(shutdownContext(t)); err != nil {
		t.Error(err)
	}
	giving.Wait()
	served := 0
	for _, c := range clients {
		answer, err := io.ReadAll(c)
		if err != nil || len(answer) > 0 && !strings.HasSuffix(string(answer), "/ours 0") {
			t.Errorf("%q, %v", answer, err)
		}
		served += min(len(answer), 1)
	}
	t.Logf("%d of %d were served", served, many)
	l.expectOpen(0)
}
