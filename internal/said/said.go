// Package said keeps what the program says while tests run: its logs, and its /metrics.
// Tests that run it hand both over, and `make private` looks in them for the names that
// the tests planted. Without $DIASTOLE_OUTPUT nothing is kept, and nothing it does can be
// seen. It judges nothing; test/private does. No program imports it.
package said

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
)

// Output names the directory for what is said; "" keeps nothing.
const Output = "DIASTOLE_OUTPUT"

// What a file is of: its ending.
const (
	LogLines = "log"
	Page     = "metrics"
)

var unfit = regexp.MustCompile(`[^A-Za-z0-9_]+`)

// File gives a new file for one stream of output, whose name begins with the test's. It
// is closed when the test ends.
func File(t testing.TB, kind string) io.Writer {
	t.Helper()
	dir := os.Getenv(Output)
	if dir == "" {
		return io.Discard
	}
	name := unfit.ReplaceAllString(t.Name(), "-")
	f, err := os.CreateTemp(dir, name[:min(len(name), 150)]+"-*."+kind)
	if err != nil {
		t.Fatalf("keeping what is said: %v", err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// Log is a log that the test can look into and that is kept.
func Log(t testing.TB, level zapcore.Level) (*zap.Logger, *observer.ObservedLogs) {
	t.Helper()
	core, lines := observer.New(level)
	return zap.New(zapcore.NewTee(core, Core(t))), lines
}

// Core keeps all lines that it gets.
func Core(t testing.TB) zapcore.Core {
	t.Helper()
	to := File(t, LogLines)
	if to == io.Discard {
		return zapcore.NewNopCore()
	}
	encoder := zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig())
	return zapcore.NewCore(encoder, zapcore.Lock(zapcore.AddSync(to)), zapcore.DebugLevel)
}

// Metrics keeps the metrics page as it is when the test ends.
func Metrics(t testing.TB, g prometheus.Gatherer) {
	t.Helper()
	to := File(t, Page)
	if to == io.Discard {
		return
	}
	t.Cleanup(func() {
		page := httptest.NewRecorder()
		promhttp.HandlerFor(g, promhttp.HandlerOpts{}).ServeHTTP(page, httptest.NewRequest(http.MethodGet, "/metrics", nil))
		if _, err := page.Body.WriteTo(to); err != nil {
			t.Errorf("keeping the metrics page: %v", err)
		}
	})
}
