package edge

import (
	"bytes"
	"log"

	"go.uber.org/zap"
)

// What http.Server had to say, as metric labels.
const (
	kindPanic = "panic" // a handler panicked: a fault of ours
	kindNoise = "noise" // all else: what clients do wrong
)

// messages is the writer behind http.Server.ErrorLog. What a client can cause
// at will is logged at debug, or it could fill the disk.
type messages struct {
	log     *zap.Logger
	metrics *Metrics
}

func (m messages) logger() *log.Logger { return log.New(m, "", 0) }

// Write takes one message. A handler's panic is known only by its text, which
// begins "http: panic serving" or "http2: panic serving".
func (m messages) Write(p []byte) (int, error) {
	text := string(bytes.TrimSpace(p))
	first, _, _ := bytes.Cut(p, []byte(":"))
	if rest := bytes.TrimPrefix(p[len(first):], []byte(": ")); bytes.HasPrefix(rest, []byte("panic serving")) {
		m.metrics.messages.WithLabelValues(kindPanic).Inc()
		m.log.Error("a handler panicked; its client lost the connection", zap.String("panic", text))
		return len(p), nil
	}
	m.metrics.messages.WithLabelValues(kindNoise).Inc()
	m.log.Debug("http server", zap.String("message", text))
	return len(p), nil
}
