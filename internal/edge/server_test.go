package edge

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

const get = "GET / HTTP/1.1\r\nHost: x\r\n\r\n"

func TestNoKeepAliveOnAcceptedConnections(t *testing.T) {
	for _, proto := range []string{"http/1.1", "h2"} {
		t.Run(proto, func(t *testing.T) {
			accepted := make(chan net.Conn, 1)
			l := start(t, func(cfg *Config) {
				cfg.ALPN = []string{"h2", "http/1.1"}
				cfg.ConnContext = func(ctx context.Context, c net.Conn) context.Context { accepted <- c; return ctx }
			})
			if _, err := l.shake(l.dial(), proto); err != nil {
				t.Fatal(err)
			}
			below := (<-accepted).(interface{ NetConn() net.Conn }).NetConn()
			raw, err := below.(syscall.Conn).SyscallConn()
			if err != nil {
				t.Fatal(err)
			}
			value := -1
			if err := raw.Control(func(fd uintptr) {
				value, err = unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_KEEPALIVE)
			}); err != nil {
				t.Fatal(err)
			}
			if err != nil || value != 0 {
				t.Errorf("SO_KEEPALIVE is %d (%v), want 0", value, err)
			}
		})
	}
}

func TestHandlerSeesTLSProtocolAndAddress(t *testing.T) {
	for proto, want := range map[string]string{"http/1.1": "HTTP/1.1", "h2": "HTTP/2.0", "": "HTTP/1.1"} {
		t.Run("alpn "+proto, func(t *testing.T) {
			seen := make(chan *http.Request, 1)
			l := start(t, func(cfg *Config) {
				cfg.ALPN = []string{"h2", "http/1.1"}
				cfg.Handler = http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { seen <- r })
			})
			var protos http.Protocols
			protos.SetHTTP1(proto != "h2")
			protos.SetHTTP2(proto == "h2")
			transport := &http.Transport{Protocols: &protos, TLSClientConfig: &tls.Config{InsecureSkipVerify: true, NextProtos: offer(proto)}}
			defer transport.CloseIdleConnections()
			answer, err := (&http.Client{Transport: transport}).Get("https://" + l.Addr().String() + "/")
			if err != nil {
				t.Fatal(err)
			}
			answer.Body.Close()
			r := <-seen
			if r.Proto != want || r.TLS == nil || r.TLS.NegotiatedProtocol != proto || !strings.HasPrefix(r.RemoteAddr, "127.0.0.1:") {
				t.Errorf("proto %s, tls %+v, from %s", r.Proto, r.TLS, r.RemoteAddr)
			}
		})
	}
}

func offer(proto string) []string {
	if proto == "" {
		return nil
	}
	return []string{proto}
}

func TestByDefaultOnlyHTTP1IsOffered(t *testing.T) {
	l := start(t, nil)
	c, err := l.shake(l.dial(), "h2", "http/1.1")
	if err != nil || c.ConnectionState().NegotiatedProtocol != "http/1.1" {
		t.Fatalf("negotiated %q, %v", c.ConnectionState().NegotiatedProtocol, err)
	}
	if _, err := l.shake(l.dial(), "h2"); err == nil {
		t.Error("a client that speaks only h2 was let in")
	}
}

func TestConfigurationMistakesAreSaid(t *testing.T) {
	taken := start(t, nil)
	handler := http.NotFoundHandler()
	for want, cfg := range map[string]Config{
		"no handler": {Listen: "127.0.0.1:0"},
		`ALPN protocol "h3" is unknown: use "http/1.1", "h2" or both`: {Listen: "127.0.0.1:0", Handler: handler, ALPN: []string{"h3"}},
		"(another program has this port: see ss -ltnp)":               {Listen: taken.Addr().String(), Handler: handler},
	} {
		if _, err := Listen(t.Context(), cfg); err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "edge: ") {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	if err := bindError(syscall.EACCES); !errors.Is(err, syscall.EACCES) || !strings.Contains(err.Error(), "CAP_NET_BIND_SERVICE") {
		t.Errorf("without permission: %v", err)
	}
}

func TestHeaderBlockOverTheLimitIsAnswered431(t *testing.T) {
	l := start(t, nil)
	// A Kerberos token at Windows' limit is let through ...
	answer, _ := l.ask(l.connect(), "GET / HTTP/1.1\r\nHost: x\r\nAuthorization: Negotiate "+strings.Repeat("A", 64000)+"\r\n\r\n")
	if answer.StatusCode != http.StatusOK {
		t.Errorf("64,000 bytes of token: %s", answer.Status)
	}
	// ... twice the limit is not.
	c := l.connect()
	go func() {
		_, _ = io.WriteString(c, "GET / HTTP/1.1\r\nHost: x\r\nX: "+strings.Repeat("a", 256<<10)+"\r\n\r\n")
	}()
	if answer, _ := l.read(bufio.NewReader(c)); answer.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("256 KiB of header: %s", answer.Status)
	}
	// http.Server closes half a second later, so that the answer is read first.
	_, _ = io.Copy(io.Discard, c.NetConn())
}

func TestHeaderThatTakesTooLongEndsTheConnection(t *testing.T) {
	l := start(t, func(cfg *Config) { cfg.limits.header = 30 * time.Millisecond })
	c := l.connect()
	send(t, c, "GET / HTTP/1.1\r\nHost:")
	expectEOF(t, c)
}

func TestIdleConnectionIsClosedBetweenRequests(t *testing.T) {
	l := start(t, func(cfg *Config) { cfg.limits.idle = 30 * time.Millisecond })
	c := l.connect()
	if answer, _ := l.ask(c, get); answer.StatusCode != http.StatusOK {
		t.Fatal(answer.Status)
	}
	expectEOF(t, c)
}

// Scenario 14 of faults.md at this layer: no limit of ours ends a wait or the
// upload of a body, each longer than every limit.
func TestAWaitOutlastsEveryLimit(t *testing.T) {
	const limit = 150 * time.Millisecond
	for _, proto := range []string{"http/1.1", "h2"} {
		t.Run(proto, func(t *testing.T) {
			t.Parallel()
			l := start(t, func(cfg *Config) {
				cfg.ALPN = []string{"h2", "http/1.1"}
				cfg.limits.header, cfg.limits.idle, cfg.limits.write, cfg.limits.handshake = limit, limit, limit, time.Minute
				cfg.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					body, _ := io.ReadAll(r.Body)
					for _, part := range []string{string(body), "pong"} {
						<-time.After(2 * limit)
						_, _ = io.WriteString(w, part)
						_ = http.NewResponseController(w).Flush()
					}
				})
			})
			var protos http.Protocols
			protos.SetHTTP1(proto != "h2")
			protos.SetHTTP2(proto == "h2")
			transport := &http.Transport{Protocols: &protos, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
			defer transport.CloseIdleConnections()
			upload, late := io.Pipe()
			go func() {
				<-time.After(2 * limit)
				_, _ = io.WriteString(late, "ping")
				late.Close()
			}()
			answer, err := (&http.Client{Transport: transport}).Post("https://"+l.Addr().String(), "text/plain", upload)
			if err != nil {
				t.Fatal(err)
			}
			defer answer.Body.Close()
			if body, err := io.ReadAll(answer.Body); err != nil || string(body) != "pingpong" {
				t.Errorf("answer %q, %v", body, err)
			}
		})
	}
}

func TestAClientThatDoesNotReadIsCut(t *testing.T) {
	// Frames of an HTTP/2 client that asks and opens no window beyond the first
	// 64 KiB: preface, empty SETTINGS, HEADERS for stream 1 with the static
	// table's :method GET, :scheme https, :path / and a literal :authority x.
	const h2 = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00" +
		"\x00\x00\x06\x01\x05\x00\x00\x00\x01\x82\x87\x84\x41\x01x"
	for proto, request := range map[string]string{"http/1.1": get, "h2": h2} {
		t.Run(proto, func(t *testing.T) {
			t.Parallel()
			cut := make(chan error, 1)
			l := start(t, func(cfg *Config) {
				cfg.ALPN = []string{proto}
				cfg.limits.write = 200 * time.Millisecond
				cfg.Handler = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
					block := make([]byte, 64<<10)
					var err error
					for err == nil {
						_, err = w.Write(block)
					}
					cut <- err
				})
			})
			c, err := l.shake(l.dial(), proto)
			if err != nil {
				t.Fatal(err)
			}
			send(t, c, request)
			t.Logf("cut with: %v", <-cut)
			l.expectCount("slow_readers_total", "", 1)
		})
	}
}

func TestEachAnswerOfTheServerIsTheHandlers(t *testing.T) {
	l := start(t, nil)
	answer, body := l.ask(l.connect(), "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n")
	if answer.StatusCode != http.StatusOK || body == "" {
		t.Errorf("OPTIONS *: %s %q, want the handler's answer", answer.Status, body)
	}
}

func TestShutdownWaitsForAnswersAndCutsHandshakes(t *testing.T) {
	entered, release := make(chan struct{}), make(chan struct{})
	l := start(t, func(cfg *Config) {
		cfg.limits.last = 30 * time.Millisecond
		cfg.Handler = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			close(entered)
			<-release
			_, _ = io.WriteString(w, "expired")
		})
	})
	waiting, silent := l.connect(), l.dial()
	send(t, waiting, get)
	<-entered
	done := make(chan error, 1)
	go func() { done <- l.Shutdown(shutdownContext(t)) }()
	expectEOF(t, silent) // never spoke TLS
	close(release)
	if _, body := l.read(bufio.NewReader(waiting)); body != "expired" {
		t.Errorf("the wait was answered %q", body)
	}
	if err := <-done; err != nil {
		t.Errorf("Shutdown: %v", err)
	}
	if c, err := net.Dial("tcp", l.Addr().String()); err == nil {
		c.Close()
		t.Error("still listening")
	}
}

// A restart behind a socket that is handed over should be seen by nobody.
func TestShutdownAnswersWhoIsInItsHandshake(t *testing.T) {
	hello := make(chan struct{})
	l := start(t, func(cfg *Config) { cfg.limits.last = time.Minute })
	coming := l.dial()
	answered := make(chan string, 1)
	go func() {
		c := tls.Client(coming, &tls.Config{InsecureSkipVerify: true, VerifyConnection: func(tls.ConnectionState) error {
			close(hello)
			<-l.door.Done() // the server waits for the end of the handshake, and stops
			return nil
		}})
		send(t, c, get)
		_, body := l.read(bufio.NewReader(c))
		answered <- body
	}()
	<-hello
	if err := l.Shutdown(shutdownContext(t)); err != nil {
		t.Errorf("Shutdown: %v", err)
	}
	if body := <-answered; body == "" {
		t.Error("no answer")
	}
}

// SIGTERM ends the context that the program runs under. A held wait must live
// on until the drain answers it.
func TestEndOfTheContextDoesNotEndRequests(t *testing.T) {
	type key struct{}
	ctx, cancel := context.WithCancel(context.WithValue(t.Context(), key{}, "value"))
	ended := make(chan error, 1)
	server, err := Listen(ctx, Config{Listen: "127.0.0.1:0", Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		cancel()
		ended <- r.Context().Err()
		_, _ = fmt.Fprint(w, r.Context().Value(key{}))
	})})
	if err != nil {
		t.Fatal(err)
	}
	l := &lab{Server: server, t: t, served: make(chan error, 1)}
	go func() { l.served <- server.Serve() }()
	defer l.end()
	if _, body := l.ask(l.connect(), get); body != "value" {
		t.Errorf("answer %q", body)
	}
	if err := <-ended; err != nil {
		t.Errorf("the request's context ended: %v", err)
	}
}

func TestAPanicIsAnErrorAndOtherMessagesAreNoise(t *testing.T) {
	l := start(t, func(cfg *Config) {
		cfg.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/panic" {
				panic("lost my way")
			}
			w.WriteHeader(200)
			w.WriteHeader(200) // http.Server complains
		})
	})
	c := l.connect()
	send(t, c, "GET /panic HTTP/1.1\r\nHost: x\r\n\r\n")
	expectEOF(t, c)
	l.ask(l.connect(), get)
	l.end()
	if l.count("http_messages_total", kindPanic) != 1 || l.count("http_messages_total", kindNoise) != 1 {
		t.Error("the panic and the complaint were not counted once each")
	}
	if n := l.logs.FilterMessage("a handler panicked; its client lost the connection").Len(); n != 1 {
		t.Errorf("panic logged %d times", n)
	}
	if n := l.logs.FilterMessage("http server").FilterLevelExact(-1).Len(); n != 1 {
		t.Errorf("complaint logged %d times at debug", n)
	}
}
