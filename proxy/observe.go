package proxy

import (
	"net/http"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/diastole/diastole/heartbeat"
)

// begin counts a wait in and writes its first line.
func (p *Proxy) begin(w http.ResponseWriter, r *http.Request, held *wait) {
	accessOf(w).waits = true
	m := p.config.Metrics
	m.held.WithLabelValues(held.kind).Inc()
	if held.interval > 0 {
		m.asked.WithLabelValues(held.kind).Observe(held.interval.Seconds())
	}
	p.show(WaitBegins, held)
	p.config.Log.Info("wait begins", append(p.waitFields(held),
		zap.String("client", r.RemoteAddr),
		zap.String("form", held.form),
		zap.Float64("advice_seconds", held.advice.Seconds()),
		zap.Float64("would_seconds", held.would.Seconds()),
		zap.Int("folders", held.folders),
		zap.String("eas_version", held.version),
		zap.String("user_agent", p.masked(r.UserAgent(), held.user, held.device.ID)))...)
}

// observe counts a wait out, learns how it ended, and writes its last line. A device
// that went away is data, not an error: its line is below info.
// Only its first outcome counts.
func (p *Proxy) observe(held *wait, e ending) {
	held.mu.Lock()
	again := held.seen
	held.seen = true
	held.mu.Unlock()
	if again {
		return
	}
	p.learnEnded(held, e)
	m := p.config.Metrics
	m.held.WithLabelValues(held.kind).Dec()
	m.waits.WithLabelValues(held.kind, e.outcome.String()).Inc()
	m.heldFor.WithLabelValues(held.kind).Observe(e.held.Seconds())
	m.statuses.WithLabelValues(held.kind, e.status).Inc()
	p.showEnded(held, e)
	level := zapcore.InfoLevel
	if e.gone {
		level = zapcore.DebugLevel
	}
	p.config.Log.Log(level, "wait ends", append(p.waitFields(held),
		zap.Stringer("outcome", e.outcome),
		zap.Float64("held_seconds", e.held.Seconds()),
		zap.Int("code", e.code),
		zap.String("status", e.status))...)
}

// logDelivery writes what became of an answer, which is known up to half a minute after
// the wait's last line. One that was lost is push that failed; the rest is for debugging.
func (p *Proxy) logDelivery(held *wait, e ending, found heartbeat.Proof) {
	level := zapcore.DebugLevel
	if found == heartbeat.Lost {
		level = zapcore.InfoLevel
	}
	p.config.Log.Log(level, "delivery", append(p.waitFields(held),
		zap.Stringer("outcome", e.outcome),
		zap.Float64("held_seconds", e.held.Seconds()),
		zap.Stringer("proof", found))...)
}

func (p *Proxy) waitFields(held *wait) []zap.Field {
	return []zap.Field{
		zap.String("kind", held.kind),
		zap.String("user", p.named(held.user)),
		zap.String("device", p.named(held.device.ID)),
		zap.String("device_type", p.masked(held.device.Type, held.user, held.device.ID)),
		zap.String("network", held.network.Name),
		zap.Float64("asked_seconds", held.interval.Seconds()),
		zap.Float64("given_seconds", held.goes.Seconds()),
		zap.String("rule", held.Rule),
	}
}
