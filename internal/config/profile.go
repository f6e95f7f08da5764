package config

import "time"

// profile is what differs between servers where the file does not say otherwise.
type profile struct {
	name      string
	linger    time.Duration
	pace      int
	check     string // what auto means
	checkPace int
	edge      bool // waits are held here as soon as somebody tells of changes
}

const (
	// keptFor is how long a wait is kept that a worker process holds: the worker is
	// busy until its interval ends whether the phone is there or not, and a phone
	// that roams is back within seconds.
	keptFor = 30 * time.Second

	// workerPace is what a pool of workers takes without a pile: twenty waits at once
	// took Z-Push 30 s for what twenty at ten a second took 6 s.
	workerPace = 10

	// workerChecks is for questions that end at once: the workers that max_checks
	// allows are free again within 25 to 100 ms.
	workerChecks = 50

	// serverPace is for servers that hold waits without a worker. It only spreads the
	// second in which everybody comes back after a restart.
	serverPace = 2000
)

// generic is any server that nothing is known of. It is left like Exchange: to keep
// a wait that its server ends early would only cost, and a pace that is too low
// would make phones wait that need not.
var generic = onServer("generic")

// SOGo's estimates are off by one and miss a flag on the newest mail; its shortest
// Ping tells the truth.
var profiles = []profile{
	onServer("exchange"), onServer("zimbra"),
	onWorkers("sogo", "ping"), onWorkers("zpush", "estimate"), onWorkers("grommunio", "estimate"), onWorkers("horde", "estimate"),
	generic,
}

// onServer is a server that holds waits without a worker for each.
func onServer(name string) profile {
	return profile{name: name, pace: serverPace, check: "estimate", checkPace: serverPace}
}

// onWorkers is a server with a process for each wait.
func onWorkers(name, check string) profile {
	return profile{name: name, linger: keptFor, pace: workerPace, check: check, checkPace: workerChecks, edge: true}
}

func profileNames() []string {
	names := make([]string, 0, len(profiles))
	for _, p := range profiles {
		names = append(names, p.name)
	}
	return names
}

// profileOf is the profile of a name that was checked.
func profileOf(name string) profile {
	for _, p := range profiles {
		if p.name == name {
			return p
		}
	}
	return generic
}

// CheckKind is how the server is asked for changes: "estimate" or "ping".
func (u Upstream) CheckKind() string {
	if u.Check == "auto" {
		return profileOf(u.Profile).check
	}
	return u.Check
}

// fillFromProfile sets the keys whose default is the profile's, unless the file
// says them.
func (r *reading) fillFromProfile() {
	up, p := &r.config.Upstream, profileOf(r.config.Upstream.Profile)
	unset := func(path string) bool {
		_, written := r.set[path]
		return !written
	}
	if unset("upstream.linger") {
		up.Linger = p.linger
	}
	if unset("upstream.pace") {
		up.Pace = p.pace
	}
	if unset("upstream.check_pace") {
		up.CheckPace = p.checkPace
	}
	// Without a source a change would be seen only every wake.poll. That is worse
	// than what these servers do themselves, so nobody gets it who did not ask for it.
	if unset("upstream.hold") && p.edge && r.config.Wake.TellsOfMail() {
		up.Hold = "edge"
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

	// mostChecks is far beyond the workers of any server.
	mostChecks = 10_000
)
