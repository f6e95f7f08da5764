package wake

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// Metrics counts what is heard. No label holds what a client or a server chose.
type Metrics struct {
	heard, missed    *prometheus.CounterVec
	up               *prometheus.GaugeVec
	watched, covered prometheus.Gauge
}

// NewMetrics makes the metrics and registers them with r. With r nil they work and
// are registered nowhere. The names are those of the sources that there are: a series
// that first appears with its first event has no rate in Prometheus.
func NewMetrics(r prometheus.Registerer, names ...string) *Metrics {
	f := promauto.With(r)
	counter := func(name, help string) *prometheus.CounterVec {
		return f.NewCounterVec(prometheus.CounterOpts{Name: "diastole_wake_" + name, Help: help}, []string{"source"})
	}
	gauge := func(name, help string) prometheus.Gauge {
		return f.NewGauge(prometheus.GaugeOpts{Name: "diastole_wake_" + name, Help: help})
	}
	m := &Metrics{
		heard: counter("heard_total", "Times that a source told a waiting device's mailbox may have changed."),
		missed: counter("missed_total",
			"Changes that were found without the source having told of them, though it covers them."),
		up: f.NewGaugeVec(prometheus.GaugeOpts{Name: "diastole_wake_source_up",
			Help: "Whether the source is there: 1, or 0 while mailboxes are looked at every wake.poll instead."}, []string{"source"}),
		watched: gauge("watched", "Waits whose mailbox is watched now."),
		covered: gauge("covered", "Of these, the ones for which a change in all they wait on would be heard of at once."),
	}
	for _, name := range names {
		m.heard.WithLabelValues(name)
		m.missed.WithLabelValues(name)
	}
	return m
}
