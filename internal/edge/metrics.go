package edge

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// Metrics counts what happens before a request exists. No label ever holds
// something that a client chose.
type Metrics struct {
	open, limit                            prometheus.Gauge
	accepted, acceptErrors, slowReaders    prometheus.Counter
	turnedAway, addressesForgotten         prometheus.Counter
	addresses                              prometheus.Gauge
	addressRefusals                        *prometheus.CounterVec
	handshakes, proxies, requests, reloads *prometheus.CounterVec
	messages, acme                         *prometheus.CounterVec
	expiry                                 *expiry
}

// NewMetrics makes the metrics and registers them with r. With r nil they work
// and are registered nowhere.
func NewMetrics(r prometheus.Registerer) *Metrics {
	f := promauto.With(r)
	counter := func(name, help string) prometheus.Counter {
		return f.NewCounter(prometheus.CounterOpts{Name: "diastole_edge_" + name, Help: help})
	}
	gauge := func(name, help string) prometheus.Gauge {
		return f.NewGauge(prometheus.GaugeOpts{Name: "diastole_edge_" + name, Help: help})
	}
	// Each value of a label exists from the start: a counter that first appears
	// with its first event has no rate in Prometheus, and an alert on it sleeps.
	vector := func(name, help, label string, values ...string) *prometheus.CounterVec {
		v := f.NewCounterVec(prometheus.CounterOpts{Name: "diastole_edge_" + name, Help: help}, []string{label})
		for _, value := range values {
			v.WithLabelValues(value)
		}
		return v
	}
	m := &Metrics{
		open:      gauge("connections", "Connections from clients that are open now."),
		limit:     gauge("connections_limit", "Connections from clients that may be open at once; further ones are answered 503."),
		accepted:  counter("connections_accepted_total", "Connections accepted."),
		addresses: gauge("addresses", "Client addresses that are counted: none while there is no limit for them."),
		addressesForgotten: counter("addresses_forgotten_total",
			"Client addresses that had to make room for others, and begin anew."),
		addressRefusals: vector("address_refusals_total", "Connections closed before their handshake over a limit for their address.",
			"limit", addressConnections, addressHandshakes),
		turnedAway: counter("connections_turned_away_total",
			"Connections accepted over the limit, whose requests are answered 503 with Retry-After."),
		acceptErrors: counter("accept_errors_total",
			"Failures to accept a connection, such as too many open files. Accepting goes on after a pause."),
		slowReaders: counter("slow_readers_total", "Connections cut because the client did not read for too long."),
		handshakes: vector("handshake_failures_total", "TLS handshakes that failed. Health checks that only connect are 'closed'.",
			"reason", reasonClosed, reasonTimeout, reasonNotTLS, reasonPlainHTTP, reasonProxyHeader, reasonVersion,
			reasonCipher, reasonALPN, reasonClientRefused, reasonClientCertificate, reasonNoCertificate, reasonOther),
		proxies: vector("proxy_header_refusals_total", "Connections closed because of their PROXY header.",
			"reason", proxyMissing, proxyMalformed, proxyTimeout, proxyUntrusted),
		requests: vector("requests_refused_total", "HTTP/1 requests refused because two readers could disagree where they end.",
			"reason", lengthAndEncoding.reason, encodingInHTTP10.reason, foldedHeader.reason, badChunk.reason, longLine.reason),
		messages: vector("http_messages_total", "Messages of the HTTP server, which are logged at debug; panics at error.",
			"kind", kindPanic, kindNoise),
		expiry: newExpiry(),
		acme:   vector("acme_attempts_total", "Attempts to have a certificate issued, by what came of them.", "result", acmeResults...),
		reloads: vector("certificate_reloads_total", "Changed certificate files: taken, or not usable and the old ones kept.",
			"result", reloadSuccess, reloadFailure),
	}
	if r != nil {
		r.MustRegister(m.expiry)
	}
	return m
}
