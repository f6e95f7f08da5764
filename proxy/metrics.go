package proxy

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/diastole/diastole/heartbeat"
	"github.com/diastole/diastole/proxy/upstream"
)

// intervals are the buckets in seconds: what devices ask for (8, 12, 15, 16, 28,
// 30, 59 min) and where boxes on the way cut (1, 4, 5, 6, 10, 15, 30 min).
var intervals = []float64{5, 30, 60, 120, 180, 240, 300, 360, 480, 600, 720, 900, 960, 1200, 1500, 1680, 1800, 2700, 3540}

// responseTimes are the buckets in seconds for what a server answers at once if it is
// well: SOGo takes 0.03 s for a Sync of nothing, Z-Push with a mail store behind it 1 s.
var responseTimes = []float64{0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60}

// Metrics are what the proxy counts. No label holds a user, a device or anything
// else that a client can choose freely.
type Metrics struct {
	factory promauto.Factory

	held       *prometheus.GaugeVec
	waits      *prometheus.CounterVec
	asked      *prometheus.HistogramVec
	heldFor    *prometheus.HistogramVec
	statuses   *prometheus.CounterVec
	requests   *prometheus.CounterVec
	unreadDocs *prometheus.CounterVec
	denied     *prometheus.CounterVec
	clamped    *prometheus.CounterVec
	delivery   *prometheus.CounterVec
	badBodies  prometheus.Counter
	left       prometheus.Counter

	checks    *prometheus.CounterVec
	checkTime *prometheus.HistogramVec
	handed    *prometheus.CounterVec
	coalesced *prometheus.CounterVec
	tooFast   *prometheus.CounterVec

	upstreamErrors *prometheus.CounterVec
	upstreamStale  *prometheus.CounterVec
	upstreamTime   *prometheus.HistogramVec
	overdue        *prometheus.CounterVec
	pins           prometheus.Gauge

	loginsRefused    *prometheus.CounterVec
	shielded         *prometheus.CounterVec
	addressesLimited prometheus.Counter
}

// NewMetrics registers the proxy's metrics with r; nil makes working metrics
// that nobody sees.
func NewMetrics(r prometheus.Registerer) *Metrics {
	f := promauto.With(r)
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return f.NewCounterVec(prometheus.CounterOpts{Name: "diastole_" + name, Help: help}, labels)
	}
	histogram := func(name, help string, labels ...string) *prometheus.HistogramVec {
		return f.NewHistogramVec(prometheus.HistogramOpts{Name: "diastole_" + name, Help: help, Buckets: intervals}, labels)
	}
	m := &Metrics{
		factory: f,
		held: f.NewGaugeVec(prometheus.GaugeOpts{Name: "diastole_waits_held",
			Help: "Waiting requests held at this moment."}, []string{"kind"}),
		waits:    counter("waits_total", "Waiting requests that have ended, by outcome.", "kind", "outcome"),
		asked:    histogram("wait_asked_seconds", "Interval that a waiting request asked for, where it is known.", "kind"),
		heldFor:  histogram("wait_held_seconds", "Time from a waiting request to its end.", "kind"),
		statuses: counter("wait_answers_total", "Answers of the upstream to waiting requests, by status element.", "kind", "status"),
		requests: counter("requests_total", "Requests relayed that do not wait, by ActiveSync command and HTTP code.", "command", "code"),
		unreadDocs: counter("unread_total",
			"Queries and bodies that were passed on without being understood.", "what", "reason"),
		denied:   counter("denied_total", "Requests refused by a rule before authentication.", "rule"),
		clamped:  counter("clamped_total", "Waits given less than they asked for, by rule and style.", "kind", "rule", "style"),
		delivery: counter("deliveries_total", "Answers written after a silence, by what became of them.", "kind", "proof"),
		badBodies: f.NewCounter(prometheus.CounterOpts{Name: "diastole_malformed_bodies_total",
			Help: "Request bodies that the client broke or broke off."}),
		left: f.NewCounter(prometheus.CounterOpts{Name: "diastole_clients_left_total",
			Help: "Clients that left before their answer, waits not counted."}),
		checks: counter("checks_total", "Questions to the upstream whether something has changed, by reason and verdict.", "reason", "verdict"),
		checkTime: f.NewHistogramVec(prometheus.HistogramOpts{Name: "diastole_check_seconds",
			Help: "Time to the answer of such a question, by verdict.", Buckets: prometheus.ExponentialBuckets(0.005, 2, 13)}, []string{"verdict"}),
		handed:    counter("waits_handed_over_total", "Waits held at the edge that were left to the upstream, by reason.", "reason"),
		coalesced: counter("waits_coalesced_total", "Waits that inherited the upstream wait of an earlier one of their device.", "kind"),
		tooFast: counter("waits_too_fast_total",
			"Answers held back because the upstream ends this device's waits at once, again and again.", "kind"),
		upstreamErrors: counter("upstream_errors_total", "Exchanges with the upstream that failed, by phase.", "phase"),
		upstreamStale: counter("upstream_stale_total",
			"Kept upstream connections found dead under a request; resent tells whether it went out again.", "resent"),
		upstreamTime: f.NewHistogramVec(prometheus.HistogramOpts{Name: "diastole_upstream_response_seconds",
			Help: "Time to the head of the upstream's answer to an ActiveSync request that does not wait.", Buckets: responseTimes}, []string{"command"}),
		overdue: counter("upstream_overdue_total", "Waits that the upstream kept beyond their interval and that were answered in its place.", "kind"),
		pins: f.NewGauge(prometheus.GaugeOpts{Name: "diastole_pinned_connections",
			Help: "Client connections that own an upstream connection (NTLM, Negotiate)."}),
		loginsRefused: counter("logins_refused_total", "Logins that the upstream has refused (401), by kind.", "kind"),
		shielded:      counter("shield_answers_total", "Requests answered in the upstream's place, by reason.", "reason"),
		addressesLimited: f.NewCounter(prometheus.CounterOpts{Name: "diastole_shield_addresses_limited_total",
			Help: "Times that an address has had as many logins refused as it may."}),
	}
	m.fromTheStart()
	return m
}

// fromTheStart makes the series that alerts stand on: one that first appears with its
// first event has no rate, and the first hour of lost answers would ring no bell.
func (m *Metrics) fromTheStart() {
	for _, kind := range []string{kindPing, kindSync} {
		m.held.WithLabelValues(kind)
		m.overdue.WithLabelValues(kind)
		m.tooFast.WithLabelValues(kind)
		for o := heartbeat.Expired; o <= heartbeat.Drained; o++ {
			m.waits.WithLabelValues(kind, o.String())
		}
		for proof := heartbeat.Unknown; proof <= heartbeat.Lost; proof++ {
			m.delivery.WithLabelValues(kind, proof.String())
		}
	}
	for _, kind := range []string{kindStale, kindKnown, kindGuess} {
		m.loginsRefused.WithLabelValues(kind)
	}
	for _, reason := range []string{shieldStale, shieldPending, shieldStorm, shieldFailures} {
		m.shielded.WithLabelValues(reason)
	}
	for phase := upstream.Dial; phase <= upstream.Body; phase++ {
		m.upstreamErrors.WithLabelValues(phase.String())
	}
}

// observe adds the gauges that are read from the proxy itself.
func (m *Metrics) observe(p *Proxy) {
	m.factory.NewGaugeFunc(prometheus.GaugeOpts{Name: "diastole_devices_known",
		Help: "Devices whose last requests are remembered."}, func() float64 { return float64(p.memory.Len()) })
	m.factory.NewCounterFunc(prometheus.CounterOpts{Name: "diastole_devices_forgotten_total",
		Help: "Devices that had to make room in memory for others."}, func() float64 { return float64(p.memory.Forgotten()) })
	m.factory.NewGaugeFunc(prometheus.GaugeOpts{Name: "diastole_upstream_idle_connections",
		Help: "Upstream connections kept for the next request."}, func() float64 { return float64(p.client.Idle()) })
}

// observeHold adds the gauges of what is kept.
func (m *Metrics) observeHold(p *Proxy) {
	m.factory.NewGaugeFunc(prometheus.GaugeOpts{Name: "diastole_upstream_waits",
		Help: "Waits that the upstream has at this moment."}, func() float64 { up, _ := p.queue.Len(); return float64(up) })
	m.factory.NewGaugeFunc(prometheus.GaugeOpts{Name: "diastole_upstream_waits_queued",
		Help: "Waits that are held and have yet to go to the upstream."}, func() float64 { _, queued := p.queue.Len(); return float64(queued) })
	m.factory.NewGaugeFunc(prometheus.GaugeOpts{Name: "diastole_upstream_checks",
		Help: "Questions that the upstream has at this moment."}, func() float64 { up, _ := p.checks.Len(); return float64(up) })
	m.factory.NewGaugeFunc(prometheus.GaugeOpts{Name: "diastole_upstream_checks_queued",
		Help: "Questions that wait for their turn."}, func() float64 { _, queued := p.checks.Len(); return float64(queued) })
	m.factory.NewGaugeFunc(prometheus.GaugeOpts{Name: "diastole_parked_connections",
		Help: "Connections of clients that cost no goroutine: they wait for an answer, or rest."}, func() float64 { return float64(p.parkedNow()) })
}

// checked counts a question that began then.
func (m *Metrics) checked(reason, verdict string, began time.Time) {
	m.checks.WithLabelValues(reason, verdict).Inc()
	m.checkTime.WithLabelValues(verdict).Observe(time.Since(began).Seconds())
}

// answered counts the time to an answer's head. What streams up takes the time of
// the client, and what is no ActiveSync may wait on purpose (EWS, MAPI notifications).
func (m *Metrics) answered(command string, request *upstream.Request, began time.Time) {
	if command != notActiveSync && request.Stream == nil {
		m.upstreamTime.WithLabelValues(command).Observe(time.Since(began).Seconds())
	}
}

func (m *Metrics) stale(resent bool) {
	m.upstreamStale.WithLabelValues(strconv.FormatBool(resent)).Inc()
}

func (m *Metrics) unread(what, reason string) { m.unreadDocs.WithLabelValues(what, reason).Inc() }

// unreadable counts a document by what is wrong with it.
func (m *Metrics) unreadable(what string, err error) { m.unread(what, reasonOf(err)) }
