package wake

import (
	"sync"

	"go.uber.org/zap"
)

// Health says of a source that it is down, once, and that it is up again, once: an
// outage in which 5,000 mailboxes fail is one line in the log. Its methods may be
// called from any goroutine.
type Health struct {
	log     *zap.Logger
	metrics *Metrics
	source  string

	mu   sync.Mutex
	down bool // it was said that it is
}

// NewHealth is of a source that nothing is known of yet: its metric is 0, and nothing
// is logged until it is down. metrics may be nil.
func NewHealth(source string, log *zap.Logger, metrics *Metrics) *Health {
	if metrics == nil {
		metrics = NewMetrics(nil)
	}
	if log == nil {
		log = zap.NewNop()
	}
	metrics.up.WithLabelValues(source).Set(0)
	return &Health{log: log.With(zap.String("source", source)), metrics: metrics, source: source}
}

// Down says what has happened, what it means and what to do, as a sentence; fields
// may say more, but no user's name. Further calls until Up are for debugging.
func (h *Health) Down(why string, fields ...zap.Field) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.metrics.up.WithLabelValues(h.source).Set(0)
	if h.down {
		h.log.Debug("wake source still down: "+why, fields...)
		return
	}
	h.down = true
	h.log.Warn("wake source down, mailboxes are looked at every wake.poll: "+why, fields...)
}

// Up says that the source is there, or there again.
func (h *Health) Up() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.metrics.up.WithLabelValues(h.source).Set(1)
	if h.down {
		h.down = false
		h.log.Info("wake source up again")
	}
}
