package main

import (
	"slices"

	"github.com/diastole/diastole/internal/config"
	"github.com/diastole/diastole/internal/edge"
	"github.com/diastole/diastole/proxy"
)

// limitKeys are those of limits for devices and addresses. A reload applies them; it also
// forgets whose passwords were refused, which is how to let a phone in at once whose
// password was set back.
var limitKeys = []string{
	"shield.stale_passwords", "shield.storm.requests", "shield.storm.per",
	"limits.connections", "limits.handshakes", "limits.failures", "limits.addresses",
}

// addressLimits are what the listeners may be told again and again. A proxy in front has
// one address for all its phones, and is not counted.
func addressLimits(cfg *config.Config) edge.AddressLimits {
	return edge.AddressLimits{
		Connections: cfg.Limits.Connections,
		Handshakes:  cfg.Limits.Handshakes,
		Remembered:  cfg.Limits.Addresses,
		Except:      slices.Clone(cfg.Forwarded.Trusted),
	}
}

// shieldSettings are what the proxy keeps from its server.
func shieldSettings(cfg *config.Config) proxy.Shield {
	return proxy.Shield{
		StalePasswords: cfg.Shield.StalePasswords,
		Storm:          cfg.Shield.Storm.Requests,
		StormPer:       cfg.Shield.Storm.Per,
		Failures:       cfg.Limits.Failures,
		Addresses:      cfg.Limits.Addresses,
	}
}
