package edge

import (
	"context"
	"net"
	"net/http"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
)

// exhausted is a listener in a process without free descriptors.
type exhausted struct {
	mu     sync.Mutex
	tried  []time.Time
	closed bool
}

func (e *exhausted) Accept() (net.Conn, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return nil, net.ErrClosed
	}
	e.tried = append(e.tried, time.Now())
	return nil, &net.OpError{Op: "accept", Err: syscall.EMFILE}
}

func (e *exhausted) Close() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.closed = true
	return nil
}

func (e *exhausted) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)} }

func TestTooManyOpenFilesAreWaitedOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		registry := prometheus.NewRegistry()
		core, logs := observer.New(zapcore.WarnLevel)
		cfg := Config{Handler: http.NotFoundHandler(), Connections: 1, Log: zap.New(core), Metrics: NewMetrics(registry)}
		if err := cfg.complete(); err != nil {
			t.Fatal(err)
		}
		listener := new(exhausted)
		l := &lab{Server: newServer(context.Background(), cfg, &Certificates{}, listener), t: t, metrics: registry, served: make(chan error, 1)}
		go func() { l.served <- l.Serve() }()
		time.Sleep(90 * time.Second)
		l.end()

		if tried := len(listener.tried); tried < 1+spare+1 { // a place that an error kept would be missing
			t.Errorf("tried %d times", tried)
		}
		for i, want := range []time.Duration{5, 10, 20, 40, 80, 160, 320, 640, 1000, 1000} {
			if got := listener.tried[i+1].Sub(listener.tried[i]); got != want*time.Millisecond {
				t.Errorf("pause %d is %s, want %d ms", i, got, want)
			}
		}
		if n := l.count("accept_errors_total", ""); n != float64(len(listener.tried)) {
			t.Errorf("%v errors counted of %d", n, len(listener.tried))
		}
		if logs.Len() != 2 {
			t.Errorf("%d warnings in 90 s, want 2", logs.Len())
		}
	})
}

func TestHalfOfTheDescriptorsAreKeptForTheUpstream(t *testing.T) {
	var files syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &files); err != nil {
		t.Fatal(err)
	}
	if n := connectionLimit(); n < 64 || uint64(n) > max(files.Cur/2, 64) {
		t.Errorf("%d connections with %d descriptors", n, files.Cur)
	}
}

func TestServeAfterCloseReturnsAtOnce(t *testing.T) {
	server, err := Listen(t.Context(), Config{Listen: "127.0.0.1:0", Handler: http.NotFoundHandler()})
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Close(); err != nil {
		t.Fatal(err)
	}
	if err := server.Serve(); err != nil {
		t.Errorf("Serve: %v", err)
	}
}
