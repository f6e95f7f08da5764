package config

import "time"

// profile is what differs between servers where the file does not say otherwise.
type profile struct {
	name   string
	linger time.Duration
	pace   int
}

const (
	// keptFor is how long a wait is kept that a worker process holds: the worker is
	// busy until its interval ends whether the phone is there or not, and a phone
	// that roams is back within seconds.
	keptFor = 30 * time.Second

	// workerPace is what a pool of workers takes without a pile: twenty waits at once
	// took Z-Push 30 s for what twenty at ten a second took 6 s.
	workerPace = 10

	// serverPace is for servers that hold waits without a worker. It only spreads the
	// second in which everybody comes back after a restart.
	serverPace = 2000
)

// generic is any server that nothing is known of. It is left like Exchange: to keep
// a wait that its server ends early would only cost, and a pace that is too low
// would make phones wait that need not.
var generic = profile{name: "generic", pace: serverPace}

var profiles = []profile{
	{name: "exchange", pace: serverPace},
	{name: "zimbra", pace: serverPace},
	{name: "sogo", linger: keptFor, pace: workerPace},
	{name: "zpush", linger: keptFor, pace: workerPace},
	{name: "grommunio", linger: keptFor, pace: workerPace},
	{name: "horde", linger: keptFor, pace: workerPace},
	generic,
}

func profileNames() []string {
	names := make([]string, 0, len(profiles))
	for _, p := range profiles {
		names = append(names, p.name)
	}
	return names
}

// fillFromProfile sets the keys whose default is the profile's, unless the file
// says them.
func (r *reading) fillFromProfile() {
	up := &r.config.Upstream
	for _, p := range profiles {
		if p.name != up.Profile {
			continue
		}
		if _, written := r.set["upstream.linger"]; !written {
			up.Linger = p.linger
		}
		if _, written := r.set["upstream.pace"]; !written {
			up.Pace = p.pace
		}
	}
}

const (
	// shortestSlice keeps a slice from being a poll: each costs the server a request.
	shortestSlice = 10 * time.Second

	// longestSlice is the longest interval that servers take unless told otherwise: 3540 s
	// (MS-ASCMD 2.2.3.88.2).
	longestSlice = 59 * time.Minute

	// longestLinger is long for a phone to be away and mean to come back to the same
	// wait. Beyond it the server works for nobody.
	longestLinger = 10 * time.Minute

	// mostWaits and highestPace are far beyond one machine: one digit too many shows.
	mostWaits   = 1_000_000
	highestPace = 100_000
)

// holdMode takes how waits are kept at the server.
var holdMode = codec[string]{
	read: func(n node) (string, error) {
		if n.kind == text && n.text == "edge" {
			return "", n.fault("not in this version", "write pass, or slice where something behind diastole cuts long waits")
		}
		return oneOf("pass", "slice").read(n)
	},
	show: quoted,
}
