package dav

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// counts are the source's metrics. No label holds what a client or a server chose.
type counts struct {
	factory promauto.Factory
	looks   *prometheus.CounterVec
	seconds prometheus.Histogram
}

// newCounts registers with r; nil makes working metrics that nobody sees.
func newCounts(r prometheus.Registerer) counts {
	f := promauto.With(r)
	c := counts{
		factory: f,
		looks: f.NewCounterVec(prometheus.CounterOpts{Name: "diastole_wake_dav_looks_total",
			Help: "Looks at a user's calendars and address books, by what came of them."}, []string{"result"}),
		seconds: f.NewHistogram(prometheus.HistogramOpts{Name: "diastole_wake_dav_look_seconds",
			Help: "How long a look took, with both of its requests.", Buckets: []float64{.005, .01, .025, .05, .1, .25, 1, 5, 15}}),
	}
	for _, result := range append([]string{"first", "unchanged", "changed"}, reasons...) {
		c.looks.WithLabelValues(result) // each exists from the start, or its first event has no rate
	}
	return c
}

// observe adds the gauges that are read from the source itself.
func (c counts) observe(s *Source) {
	gauge := func(name, help string, count func(*account) bool) {
		c.factory.NewGaugeFunc(prometheus.GaugeOpts{Name: "diastole_wake_dav_" + name, Help: help}, func() float64 {
			s.mu.Lock()
			defer s.mu.Unlock()
			n := 0
			for _, a := range s.accounts {
				if !a.audience.Empty() && count(a) {
					n++
				}
			}
			return float64(n)
		})
	}
	gauge("users", "Users who are looked at, or ought to be.", func(*account) bool { return true })
	gauge("users_covered", "Of these, the ones whose last look has seen everything.",
		func(a *account) bool { return a.audience.Covers() != 0 })
}
