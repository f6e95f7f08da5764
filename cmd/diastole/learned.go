package main

import (
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/diastole/diastole/heartbeat"
	"github.com/diastole/diastole/internal/config"
	"github.com/diastole/diastole/proxy"
)

// learned is what is known of devices and networks, and where it is kept.
type learned struct {
	devices  *heartbeat.Tracker
	networks *heartbeat.Networks
}

func openLearned(cfg *config.Config, log *zap.Logger, metrics prometheus.Registerer) (learned, error) {
	return learned{
		devices:  heartbeat.NewTracker(heartbeat.TrackerConfig{}),
		networks: heartbeat.NewNetworks(heartbeat.NetworksConfig{Margin: cfg.Policy.Margin}),
	}, nil
}

func (l learned) record(proxy.Record) {}
