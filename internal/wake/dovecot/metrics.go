package dovecot

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// What becomes of a notification.
const (
	woke        = "woke"
	nobodyWaits = "nobody" // the usual one: most users wait with no phone just now
	wrongToken  = "token"
	unreadable  = "unreadable"
	unknownPath = "path"
)

// counts are the endpoint's metrics.
type counts struct{ notices *prometheus.CounterVec }

func newCounts(r prometheus.Registerer) counts {
	c := counts{promauto.With(r).NewCounterVec(prometheus.CounterOpts{
		Name: "diastole_wake_dovecot_notices_total",
		Help: "Requests of Dovecot's push-notification plugin, by driver and what became of them.",
	}, []string{"driver", "result"})}
	for _, driver := range []string{lua.String(), ox.String()} {
		for _, result := range []string{woke, nobodyWaits, wrongToken, unreadable} {
			c.notices.WithLabelValues(driver, result)
		}
	}
	c.notices.WithLabelValues("", unknownPath)
	return c
}

func (c counts) of(driver, result string) { c.notices.WithLabelValues(driver, result).Inc() }
