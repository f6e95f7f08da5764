package main

import (
	"go.uber.org/zap"
	"golang.org/x/sys/unix"
)

// raiseFileLimit lets the process open as many files as it may at all, and tells
// how many that is; 0 if nobody knows. With the usual soft limit of 1,024 the 500th
// phone would be refused. (The Go runtime does the same at start, but not where a
// parent or GODEBUG switched it off.)
func raiseFileLimit(log *zap.Logger) uint64 {
	var limit unix.Rlimit
	err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit)
	if err == nil && limit.Cur < limit.Max {
		raised := unix.Rlimit{Cur: limit.Max, Max: limit.Max}
		if err = unix.Setrlimit(unix.RLIMIT_NOFILE, &raised); err == nil {
			limit = raised
		}
	}
	if err != nil {
		log.Warn("the limit of open files cannot be raised", zap.Error(err))
		return limit.Cur
	}
	log.Info("limit of open files", zap.Uint64("files", limit.Cur))
	return limit.Cur
}

const (
	// ownFiles are for the listeners, the log, the database and the runtime.
	ownFiles = 64

	// turnedAway are connections over the limit that are open just long enough to be
	// told so (internal/edge).
	turnedAway = 64

	// otherUpstream are connections to the server beside its waits: kept ones, and
	// requests on their way.
	otherUpstream = 256

	// mostConnections is beyond what one machine can hold: where files have no limit,
	// memory is one.
	mostConnections = 1 << 20
)

// connections is how many phones may be connected at once with this many files.
// Without such a limit strangers who only connect would take the files with which
// the requests of others are relayed, and each of those would fail.
//
// Every phone may need a connection to the server at the same time, so half of the
// files are for those. With upstream.max_waits only so many are needed, and the
// rest is for phones too. 0, where nobody knows the limit, leaves it to internal/edge.
func connections(files uint64, maxWaits int) int {
	if files == 0 {
		return 0
	}
	left := int(min(files, 4*mostConnections)) - ownFiles - turnedAway
	most := left / 2
	if maxWaits > 0 {
		most = max(most, left-otherUpstream-maxWaits)
	}
	return min(max(most, turnedAway), mostConnections)
}
