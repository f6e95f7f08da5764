package main

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// reloads counts how reading the configuration went. The names are those that
// Prometheus and its exporters use for themselves, so known alerts fit.
type reloads struct {
	successful, at prometheus.Gauge
	results        *prometheus.CounterVec
}

func newReloads(r prometheus.Registerer) *reloads {
	f := promauto.With(r)
	m := &reloads{
		successful: f.NewGauge(prometheus.GaugeOpts{Name: "diastole_config_last_reload_successful",
			Help: "1 if the last attempt to read the configuration succeeded; 0: what runs is not what is written."}),
		at: f.NewGauge(prometheus.GaugeOpts{Name: "diastole_config_last_reload_success_timestamp_seconds",
			Help: "When the configuration was last read with success, at start or at a reload."}),
		results: f.NewCounterVec(prometheus.CounterOpts{Name: "diastole_config_reloads_total",
			Help: "Reloads of the configuration, by result."}, []string{"result"}),
	}
	for _, result := range []string{"success", "failure"} {
		m.results.WithLabelValues(result) // from the start, or the first failure has no rate
	}
	m.successful.Set(1) // the one that is in force now was read
	m.at.SetToCurrentTime()
	return m
}

// note counts one reload.
func (m *reloads) note(err error) {
	if err != nil {
		m.results.WithLabelValues("failure").Inc()
		m.successful.Set(0)
		return
	}
	m.results.WithLabelValues("success").Inc()
	m.successful.Set(1)
	m.at.SetToCurrentTime()
}
