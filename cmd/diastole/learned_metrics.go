package main

import (
	"strconv"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/diastole/diastole/heartbeat"
	"github.com/diastole/diastole/policy"
)

// networkMetrics show what was learned of the networks that the configuration
// names. Others go by the addresses of phones, which are no business of a metric
// and would make a series for every /24 of the world.
type networkMetrics struct {
	names atomic.Pointer[[]string]
	known *heartbeat.Networks
	now   func() time.Time
}

// name says which networks have a name from now on.
func (m *networkMetrics) name(named []policy.NetworkSpec) {
	names := make([]string, 0, len(named))
	for _, n := range named {
		names = append(names, n.Name)
	}
	m.names.Store(&names)
}

// The descriptions of networkMetrics. Nothing is given that nothing was seen of: a
// gauge of 0 would be a limit of 0 to whoever draws it.
var (
	networkLimit    = networkDesc("limit_seconds", "Idle limit: as likely too high as too low, 3600 for any more.")
	networkLow      = networkDesc("limit_low_seconds", "Lower end of where the idle limit lies with 90 %.")
	networkHigh     = networkDesc("limit_high_seconds", "Upper end of where the idle limit lies with 90 %.")
	networkAdvice   = networkDesc("advice_seconds", "What a wait should be at most, margin taken off; missing while no limit is shown.")
	networkMean     = networkDesc("asked_mean_seconds", "Mean of the last 200 intervals asked for.")
	networkAlarm    = networkDesc("event1040", "1 if Exchange would raise event 1040 at that mean.")
	networkDevices  = networkDesc("died_devices", "Different devices whose waits died lately; three are needed to show a limit.")
	networkEvidence = networkDesc("evidence_total", "Waits that told something of the idle limit.", "told")
)

// How many networks there are, those without a name among them: who has named none
// sees here that there is something to look at with "diastole advise".
var (
	networksFollowed = prometheus.NewDesc("diastole_networks_followed", "Networks that something is known of, with a name or without.", nil, nil)
	networksLimited  = prometheus.NewDesc("diastole_networks_limited", "Of these, the ones with an idle limit that three devices have shown.", nil, nil)
	networksAlarming = prometheus.NewDesc("diastole_networks_event1040", "Of these, the ones at whose mean Exchange would raise event 1040.", nil, nil)
)

func networkDesc(name, help string, more ...string) *prometheus.Desc {
	return prometheus.NewDesc("diastole_network_"+name, help, append([]string{"network", "http"}, more...), nil)
}

// registerLearned adds the gauges that are read from what was learned.
func registerLearned(r prometheus.Registerer, l *learned, named []policy.NetworkSpec) (*networkMetrics, error) {
	m := &networkMetrics{known: l.networks, now: time.Now}
	m.name(named)
	followed := prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "diastole_devices_followed",
		Help: "Devices whose negotiation is followed."}, func() float64 { return float64(l.devices.Len()) })
	if err := r.Register(followed); err != nil {
		return nil, err
	}
	return m, r.Register(m)
}

// Describe implements prometheus.Collector.
func (m *networkMetrics) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{networkLimit, networkLow, networkHigh, networkAdvice, networkMean, networkAlarm, networkDevices, networkEvidence,
		networksFollowed, networksLimited, networksAlarming} {
		to <- d
	}
}

// Collect implements prometheus.Collector.
func (m *networkMetrics) Collect(to chan<- prometheus.Metric) {
	now := m.now()
	for _, name := range *m.names.Load() {
		for _, http := range []uint8{1, 2} {
			n := heartbeat.Network{Name: name, HTTP: http}
			collect(to, m.known.Advise(now, n), name, strconv.Itoa(int(http)))
		}
	}
	m.collectCounts(to, now)
}

func (m *networkMetrics) collectCounts(to chan<- prometheus.Metric, now time.Time) {
	followed, limited, alarming := 0, 0, 0
	for n := range m.known.All {
		a := m.known.Advise(now, n)
		followed++
		if a.Interval > 0 {
			limited++
		}
		if a.Event1040 {
			alarming++
		}
	}
	for d, n := range map[*prometheus.Desc]int{networksFollowed: followed, networksLimited: limited, networksAlarming: alarming} {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, float64(n))
	}
}

func collect(to chan<- prometheus.Metric, a heartbeat.Advice, labels ...string) {
	gauge := func(d *prometheus.Desc, v float64) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	if a.MeanAsked > 0 {
		gauge(networkMean, a.MeanAsked.Seconds())
		gauge(networkAlarm, oneIf(a.Event1040))
	}
	if a.Survived+a.Died == 0 {
		return
	}
	gauge(networkLimit, a.Limit.Seconds())
	gauge(networkLow, a.Low.Seconds())
	gauge(networkHigh, a.High.Seconds())
	gauge(networkDevices, float64(a.Devices))
	if a.Interval > 0 {
		gauge(networkAdvice, a.Interval.Seconds())
	}
	for told, n := range map[string]int{"survived": a.Survived, "died": a.Died} {
		to <- prometheus.MustNewConstMetric(networkEvidence, prometheus.CounterValue, float64(n), append(labels[:len(labels):len(labels)], told)...)
	}
}

func oneIf(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
