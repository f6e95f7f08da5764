package main

import (
	"go.uber.org/zap"
	"golang.org/x/sys/unix"
)

// raiseFileLimit lets the process open as many files as it may at all. A held
// wait takes two; with the usual soft limit of 1,024 the 500th phone would be
// refused. (The Go runtime does the same at start, but not where a parent or
// GODEBUG switched it off.)
func raiseFileLimit(log *zap.Logger) {
	var limit unix.Rlimit
	err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit)
	if err == nil && limit.Cur < limit.Max {
		limit.Cur = limit.Max
		err = unix.Setrlimit(unix.RLIMIT_NOFILE, &limit)
	}
	if err != nil {
		log.Warn("the limit of open files cannot be raised", zap.Error(err))
		return
	}
	log.Info("limit of open files", zap.Uint64("files", limit.Cur))
}
