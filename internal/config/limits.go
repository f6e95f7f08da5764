package config

import (
	"strconv"
	"time"
)

// Shield keeps phones from their own servers: off where nothing of it is set.
type Shield struct {
	StalePasswords int // logins in an hour with the same wrong password of one device, 0 = no limit
	Storm          Storm
}

// Storm bounds how often one device may ask.
type Storm struct {
	Requests int // in Per, 0 = no limit
	Per      time.Duration
}

// Limits are for each client address: IPv4 each for itself, IPv6 by /64. 0 is no limit.
type Limits struct {
	Connections int // open at once
	Handshakes  int // TLS handshakes that may begin in a minute
	Failures    int // refused logins in a minute
	Addresses   int // that are remembered; of more the one heard of longest ago is forgotten
}

const (
	// fewestLogins is shield.FewestLogins of the proxy: one at once and two later.
	fewestLogins = 3

	// mostLogins is far more than any directory takes before it locks an account.
	mostLogins = 1000

	// mostAtOnce is more than one machine serves.
	mostAtOnce = 1_000_000

	// fewestAddresses keeps a table from being so small that a handful of addresses in
	// turn escape every limit.
	fewestAddresses = 1000
	mostAddresses   = 10_000_000
)

// logins takes a number of logins that leaves some for later, or 0.
var logins = codec[int]{
	read: func(n node) (int, error) {
		v, err := wholeNumber(0, mostLogins).read(n)
		if err == nil && v > 0 && v < fewestLogins {
			return 0, n.fault("less than "+strconv.Itoa(fewestLogins)+": two are kept for later, so that a password that is right again is found to be",
				"write "+strconv.Itoa(fewestLogins)+" or more, or 0 for no limit")
		}
		return v, err
	},
	show: strconv.Itoa,
}

// checkLimits refuses keys that belong to a limit that is not set: whoever wrote them
// believes that it is.
func (r *reading) checkLimits() error {
	storm, limits := r.config.Shield.Storm, r.config.Limits
	switch {
	case storm.Requests == 0 && storm.Per != Default().Shield.Storm.Per:
		return r.where("shield.storm.per").fault("it has no effect without shield.storm.requests",
			"set shield.storm.requests, for example 120, or remove shield.storm.per")
	case limits.Connections == 0 && limits.Handshakes == 0 && limits.Failures == 0 && limits.Addresses != Default().Limits.Addresses:
		return r.where("limits.addresses").fault("it has no effect without a limit",
			"set limits.connections, limits.handshakes or limits.failures, or remove limits.addresses")
	}
	return nil
}
