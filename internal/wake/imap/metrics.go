package imap

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// metrics count connections and what becomes of them. No label holds anything that
// a client or the server chose.
type metrics struct {
	connections *prometheus.GaugeVec
	logins      *prometheus.CounterVec
	reconnects  *prometheus.CounterVec
	capped      prometheus.Counter
	changes     prometheus.Counter
}

func newMetrics(r prometheus.Registerer) *metrics {
	f := promauto.With(r)
	m := &metrics{
		connections: f.NewGaugeVec(prometheus.GaugeOpts{Name: "diastole_wake_imap_connections",
			Help: "Mailboxes watched over IMAP, by the state of their connection."}, []string{"state"}),
		logins: f.NewCounterVec(prometheus.CounterOpts{Name: "diastole_wake_imap_logins_total",
			Help: "Attempts to connect and log in, by result."}, []string{"result"}),
		reconnects: f.NewCounterVec(prometheus.CounterOpts{Name: "diastole_wake_imap_reconnects_total",
			Help: "Connections that stood and were lost while somebody waited, by reason."}, []string{"reason"}),
		capped: f.NewCounter(prometheus.CounterOpts{Name: "diastole_wake_imap_capped_total",
			Help: "Mailboxes that found no place under wake.imap.connections, or lost it to another."}),
		changes: f.NewCounter(prometheus.CounterOpts{Name: "diastole_wake_imap_changes_total",
			Help: "Changes heard of, bursts counted once."}),
	}
	// Each value of a label exists from the start, or its first event has no rate.
	for _, s := range states[1:] {
		m.connections.WithLabelValues(s)
	}
	m.logins.WithLabelValues("ok")
	for t := trouble(1); t < troubles; t++ {
		if t.ofLogin() {
			m.logins.WithLabelValues(t.String())
		}
		if t.ofConnection() {
			m.reconnects.WithLabelValues(t.String())
		}
	}
	return m
}

// reconnect counts a connection that stood and has ended.
func (m *metrics) reconnect(t trouble) {
	if !t.ofConnection() {
		t = closed
	}
	m.reconnects.WithLabelValues(t.String()).Inc()
}
