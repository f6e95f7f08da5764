package wake

import (
	"sync"
	"time"

	"go.uber.org/zap"
)

// Health says of a source that it is down, once, and that it is up again, once: an
// outage in which 5,000 mailboxes fail is one line in the log. Its methods may be
// called from any goroutine.
type Health struct {
	log     *zap.Logger
	metrics *Metrics
	source  string
	quiet   time.Duration

	mu     sync.Mutex
	down   bool
	warned time.Time // the last time
	said   bool      // of this outage
}

// NewHealth is of a source that nothing is known of yet: its metric is 0, and nothing
// is logged until it is down. A further outage within quiet of the last warning is for
// debugging too: a source that comes and goes every minute is one trouble. log and
// metrics may be nil.
func NewHealth(source string, log *zap.Logger, metrics *Metrics, quiet time.Duration) *Health {
	if metrics == nil {
		metrics = NewMetrics(nil)
	}
	if log == nil {
		log = zap.NewNop()
	}
	metrics.up.WithLabelValues(source).Set(0)
	return &Health{log: log.With(zap.String("source", source)), metrics: metrics, source: source, quiet: quiet}
}

// Down says what has happened, what it means and what to do, as a sentence; fields
// may say more, but no user's name. Until Up mailboxes are looked at every wake.poll.
// Further calls until then are for debugging.
func (h *Health) Down(why string, fields ...zap.Field) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.metrics.up.WithLabelValues(h.source).Set(0)
	fields = append(fields, zap.String("why", why))
	again := h.down
	h.down = true
	now := time.Now()
	if again || !h.warned.IsZero() && now.Sub(h.warned) < h.quiet {
		h.log.Debug("wake source down", fields...)
		return
	}
	h.warned, h.said = now, true
	h.log.Warn("wake source down", fields...)
}

// Up says that the source is there, or there again.
func (h *Health) Up() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.metrics.up.WithLabelValues(h.source).Set(1)
	if h.said {
		h.log.Info("wake source up again")
	}
	h.down, h.said = false, false
}
