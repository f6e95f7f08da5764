package config

import (
	"time"

	"pgregory.net/rapid"
)

// anyLimits draws values that fit together.
func anyLimits(t *rapid.T) (s Shield, l Limits) {
	s, l = Default().Shield, Default().Limits
	s.StalePasswords = rapid.SampledFrom([]int{0, fewestLogins, 10, mostLogins}).Draw(t, "stale_passwords")
	if rapid.Bool().Draw(t, "storm") {
		s.Storm.Requests = rapid.IntRange(1, mostAtOnce).Draw(t, "requests")
		s.Storm.Per = time.Duration(rapid.Int64Range(int64(time.Second), int64(time.Hour)).Draw(t, "per"))
	}
	l.Connections = rapid.IntRange(0, mostAtOnce).Draw(t, "connections")
	l.Handshakes = rapid.IntRange(0, mostAtOnce).Draw(t, "handshakes")
	if l.Failures = rapid.IntRange(0, mostAtOnce).Draw(t, "failures"); l.Failures > 0 {
		l.Addresses = rapid.IntRange(fewestAddresses, mostAddresses).Draw(t, "addresses")
	}
	return s, l
}
