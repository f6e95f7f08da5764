package store

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// Metrics count what becomes of rows. No label holds anything of a client.
type Metrics struct {
	factory promauto.Factory

	failing, size    prometheus.Gauge
	dropped, refused prometheus.Counter
	faults           *prometheus.CounterVec
	written, deleted *prometheus.CounterVec
	rows             *prometheus.GaugeVec
	batches          prometheus.Histogram
}

// NewMetrics registers the store's metrics with r; nil makes working metrics
// that nobody sees.
func NewMetrics(r prometheus.Registerer) *Metrics {
	f := promauto.With(r)
	name := func(n string) string { return "diastole_store_" + n }
	counter := func(n, help string) prometheus.Counter {
		return f.NewCounter(prometheus.CounterOpts{Name: name(n), Help: help})
	}
	gauge := func(n, help string) prometheus.Gauge {
		return f.NewGauge(prometheus.GaugeOpts{Name: name(n), Help: help})
	}
	m := &Metrics{
		factory: f,
		failing: gauge("failing", "1 while what is learned does not reach state.path and would be lost with a restart."),
		size:    gauge("size_bytes", "Size of the database."),
		dropped: counter("dropped_total", "Rows dropped because the disk did not take them in time."),
		refused: counter("refused_total", "Rows that can never be written."),
		faults: f.NewCounterVec(prometheus.CounterOpts{Name: name("faults_total"),
			Help: "Failures of the disk, and damaged files, which are set aside."}, []string{"kind"}),
		written: f.NewCounterVec(prometheus.CounterOpts{Name: name("written_total"), Help: "Rows written."}, []string{"table"}),
		deleted: f.NewCounterVec(prometheus.CounterOpts{Name: name("deleted_total"),
			Help: "Rows deleted because of their age or number."}, []string{"table"}),
		rows: f.NewGaugeVec(prometheus.GaugeOpts{Name: name("rows"), Help: "Rows kept."}, []string{"table"}),
		batches: f.NewHistogram(prometheus.HistogramOpts{Name: name("batch_seconds"), Help: "Time to write a batch of rows.",
			Buckets: []float64{0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10}}),
	}
	// Each value of a label exists from the start, or its first event has no rate.
	for _, t := range tables {
		m.written.WithLabelValues(t.name)
		m.deleted.WithLabelValues(t.name)
	}
	m.faults.WithLabelValues(damaged.String())
	m.faults.WithLabelValues(disk.String())
	return m
}

// observe adds the gauge that is read from the store itself.
func (m *Metrics) observe(s *Store) {
	m.factory.NewGaugeFunc(prometheus.GaugeOpts{Name: "diastole_store_queue",
		Help: "Rows that wait to be written."}, func() float64 { return float64(s.queue.len()) })
}
