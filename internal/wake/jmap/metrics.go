package jmap

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// counts are the source's metrics. No label holds what a client or a server chose.
type counts struct {
	factory  promauto.Factory
	events   *prometheus.CounterVec
	wakes    *prometheus.CounterVec
	failures *prometheus.CounterVec
	posts    *prometheus.CounterVec
	made     prometheus.Counter
	renewed  prometheus.Counter
}

// newCounts registers with r; nil makes working metrics that nobody sees.
func newCounts(r prometheus.Registerer) counts {
	f := promauto.With(r)
	counter := func(name, help, label string, values ...string) *prometheus.CounterVec {
		v := f.NewCounterVec(prometheus.CounterOpts{Name: "diastole_wake_jmap_" + name, Help: help}, []string{label})
		for _, value := range values { // each exists from the start, or its first event has no rate
			v.WithLabelValues(value)
		}
		return v
	}
	return counts{
		factory: f,
		events: counter("events_total", "Events of the JMAP server, over streams and subscriptions: stale ones told states that were known.",
			"kind", "state", "stale", "ping", "other"),
		wakes: counter("wakes_total", "Users woken: a change was told, or may have been missed while nobody listened.",
			"cause", "change", "missed"),
		failures: counter("failures_total", "Ends of listening for a user, and attempts at it that failed.", "reason", reasons...),
		posts: counter("posts_total", "Requests to the push URL.",
			"result", "taken", "unknown", "malformed", "busy"),
		made: f.NewCounter(prometheus.CounterOpts{Name: "diastole_wake_jmap_subscriptions_made_total",
			Help: "Push subscriptions made and verified."}),
		renewed: f.NewCounter(prometheus.CounterOpts{Name: "diastole_wake_jmap_subscriptions_renewed_total",
			Help: "Times that a push subscription was given a longer life."}),
	}
}

// observe adds the gauges that are read from the source itself.
func (c counts) observe(s *Source) {
	gauge := func(name, help string, count func(*line) bool) {
		c.factory.NewGaugeFunc(prometheus.GaugeOpts{Name: "diastole_wake_jmap_" + name, Help: help}, func() float64 {
			s.mu.Lock()
			defer s.mu.Unlock()
			n := 0
			for _, l := range s.lines {
				if count(l) {
					n++
				}
			}
			return float64(n)
		})
	}
	gauge("users", "Users who are listened for, or ought to be.", func(*line) bool { return true })
	gauge("users_covered", "Of these, the ones whose changes are heard of now.", func(l *line) bool { return l.covers != 0 })
}
