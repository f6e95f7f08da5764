package edge

import (
	"bufio"
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/diastole/diastole/internal/said"
)

// lab is a running server with what a test may look at.
type lab struct {
	*Server
	t       *testing.T
	metrics *prometheus.Registry
	logs    *observer.ObservedLogs
	served  chan error
}

// start runs a server on a free port; change may alter its configuration.
func start(t *testing.T, change func(*Config)) *lab {
	t.Helper()
	registry := prometheus.NewRegistry()
	log, logs := said.Log(t, zapcore.DebugLevel)
	said.Metrics(t, registry)
	cfg := Config{
		Listen:  "127.0.0.1:0",
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.RemoteAddr) }),
		Log:     log,
		Metrics: NewMetrics(registry),
		limits:  defaultLimits(),
	}
	if change != nil {
		change(&cfg)
	}
	server, err := Listen(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	l := &lab{Server: server, t: t, metrics: registry, logs: logs, served: make(chan error, 1)}
	go func() { l.served <- server.Serve() }()
	t.Cleanup(l.end)
	return l
}

// end closes the server. After it all goroutines have ended and each metric is
// final. It may be called twice.
func (l *lab) end() {
	if l.served == nil {
		return
	}
	if err := l.Close(); err != nil {
		l.t.Errorf("Close: %v", err)
	}
	if err := <-l.served; err != nil {
		l.t.Errorf("Serve: %v", err)
	}
	l.served = nil
}

// count reads a metric; label is the value of its only label, or "".
func (l *lab) count(name, label string) float64 {
	l.t.Helper()
	families, err := l.metrics.Gather()
	if err != nil {
		l.t.Fatal(err)
	}
	for _, family := range families {
		if family.GetName() != "diastole_edge_"+name {
			continue
		}
		for _, m := range family.GetMetric() {
			if len(m.GetLabel()) == 0 || m.GetLabel()[0].GetValue() == label {
				return m.GetCounter().GetValue() + m.GetGauge().GetValue()
			}
		}
	}
	l.t.Fatalf("no metric %s{%s}", name, label)
	return 0
}

// expectCount waits until the server's goroutines have counted that much, ends
// the server, and looks again whether it became more.
func (l *lab) expectCount(name, label string, want float64) {
	l.t.Helper()
	for deadline := time.Now().Add(time.Minute); l.count(name, label) < want && time.Now().Before(deadline); {
		<-time.After(time.Millisecond)
	}
	l.end()
	if got := l.count(name, label); got != want {
		l.t.Errorf("%s{%s} is %v, want %v", name, label, got, want)
	}
}

// expectOpen waits until that many connections are left.
func (l *lab) expectOpen(want float64) {
	l.t.Helper()
	for deadline := time.Now().Add(time.Minute); l.count("connections", "") != want; <-time.After(time.Millisecond) {
		if time.Now().After(deadline) {
			l.t.Fatalf("%v connections are open, want %v", l.count("connections", ""), want)
		}
	}
}

// dial opens a TCP connection that fails the test instead of hanging it.
func (l *lab) dial() net.Conn {
	l.t.Helper()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		l.t.Fatal(err)
	}
	l.t.Cleanup(func() { c.Close() })
	if err := c.SetDeadline(time.Now().Add(2 * time.Minute)); err != nil {
		l.t.Fatal(err)
	}
	return c
}

// secure shakes hands on c.
func (l *lab) shake(c net.Conn, protos ...string) (*tls.Conn, error) {
	conn := tls.Client(c, &tls.Config{InsecureSkipVerify: true, NextProtos: protos})
	return conn, conn.HandshakeContext(l.t.Context())
}

// connect is a TLS connection that speaks HTTP/1.1.
func (l *lab) connect() *tls.Conn {
	l.t.Helper()
	c, err := l.shake(l.dial())
	if err != nil {
		l.t.Fatal(err)
	}
	return c
}

// ask sends a request as it is written and reads one answer with its body.
func (l *lab) ask(c net.Conn, request string) (*http.Response, string) {
	l.t.Helper()
	send(l.t, c, request)
	return l.read(bufio.NewReader(c))
}

func (l *lab) read(from *bufio.Reader) (*http.Response, string) {
	l.t.Helper()
	answer, err := http.ReadResponse(from, nil)
	if err != nil {
		l.t.Fatalf("no answer: %v", err)
	}
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		l.t.Fatalf("answer cut: %v", err)
	}
	return answer, string(body)
}

func send(t *testing.T, c net.Conn, text string) {
	t.Helper()
	if _, err := io.WriteString(c, text); err != nil {
		t.Fatal(err)
	}
}

// expectEOF waits until the server has closed the connection.
func expectEOF(t *testing.T, c net.Conn) {
	t.Helper()
	if n, err := io.Copy(io.Discard, c); err != nil || n > 0 {
		t.Fatalf("read %d bytes, %v, want the connection closed", n, err)
	}
}

// shutdownContext bounds a Shutdown that would hang.
func shutdownContext(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}
