package main

import (
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap/zaptest"
)

// stuckDaemon has a metric that cannot be read before release is closed, as one whose
// lock is held.
type stuckDaemon struct {
	*daemon
	asked   chan struct{}
	release chan struct{}
}

func newStuckDaemon(t *testing.T) *stuckDaemon {
	s := &stuckDaemon{asked: make(chan struct{}, 100), release: make(chan struct{})}
	metrics := prometheus.NewRegistry()
	metrics.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "diastole_waits_held"}, func() float64 {
		s.asked <- struct{}{}
		<-s.release
		return 0
	}))
	s.daemon = &daemon{log: zaptest.NewLogger(t), metrics: metrics, turns: make(chan struct{}),
		manager: &manager{log: zaptest.NewLogger(t), watchdog: 60 * time.Millisecond}}
	go func() {
		for {
			select {
			case <-s.turns:
			case <-t.Context().Done():
				return
			}
		}
	}()
	return s
}
