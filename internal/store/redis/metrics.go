package redis

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// Metrics say how the node gets on with Redis. No label holds anything of a client.
type Metrics struct {
	factory promauto.Factory

	failing    prometheus.Gauge
	operations *prometheus.CounterVec
	arrivals   *prometheus.CounterVec
	taken      prometheus.Counter
	dropped    prometheus.Counter
	refused    prometheus.Counter
	answers    prometheus.Histogram
}

// The labels of operations and arrivals.
const (
	opClaim, opLook, opNetwork, opWord, opFile, opHealth = "claim", "look", "network", "word", "file", "health"
)

// NewMetrics registers the metrics with r; nil makes working metrics that nobody sees.
func NewMetrics(r prometheus.Registerer) *Metrics {
	f := promauto.With(r)
	name := func(n string) string { return "diastole_redis_" + n }
	m := &Metrics{
		factory: f,
		failing: f.NewGauge(prometheus.GaugeOpts{Name: name("failing"),
			Help: "1 while Redis does not answer, and this node goes on alone."}),
		operations: f.NewCounterVec(prometheus.CounterOpts{Name: name("operations_total"),
			Help: "Commands and scripts sent to Redis."}, []string{"what"}),
		arrivals: f.NewCounterVec(prometheus.CounterOpts{Name: name("arrivals_total"),
			Help: "Devices that came and did not belong to this node, by where what is known of them was found."}, []string{"known"}),
		taken: f.NewCounter(prometheus.CounterOpts{Name: name("taken_total"),
			Help: "Devices that went to another node; a wait that they had here was ended."}),
		dropped: f.NewCounter(prometheus.CounterOpts{Name: name("dropped_total"),
			Help: "Words and changes that were dropped because Redis did not take them in time."}),
		refused: f.NewCounter(prometheus.CounterOpts{Name: name("refused_total"),
			Help: "Values found in Redis that no node with our key has sealed."}),
		answers: f.NewHistogram(prometheus.HistogramOpts{Name: name("look_seconds"),
			Help: "Time that a device's first request waited for what other nodes know of it.", Buckets: []float64{0.0003, 0.001, 0.003, 0.01, 0.03, 0.1}}),
	}
	// Each value of a label exists from the start, or its first event has no rate.
	for _, what := range []string{opClaim, opLook, opNetwork, opWord, opFile, opHealth} {
		m.operations.WithLabelValues(what)
	}
	for _, a := range []Arrival{Here, Elsewhere, Doubtful} {
		m.arrivals.WithLabelValues(a.String())
	}
	return m
}

func (m *Metrics) sent(what string, n int) { m.operations.WithLabelValues(what).Add(float64(n)) }

// observe adds the gauges that are read from the store itself.
func (m *Metrics) observe(s *Store) {
	m.factory.NewGaugeFunc(prometheus.GaugeOpts{Name: "diastole_redis_queue",
		Help: "Devices of which something waits to be written."}, func() float64 { _, dirty := s.table.len(); return float64(dirty) })
	m.factory.NewGaugeFunc(prometheus.GaugeOpts{Name: "diastole_redis_devices",
		Help: "Devices that belong to this node."}, func() float64 { devices, _ := s.table.len(); return float64(devices) })
}
