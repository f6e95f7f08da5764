package main

import (
	"os"
	"os/signal"
	"syscall"
)

// signals are what the process is told from outside.
type signals struct {
	stop   chan os.Signal // the first begins the drain, the second ends it
	reload chan os.Signal // nil: never
}

// catchSignals begins to take signals instead of dying of them. A reload has a
// channel of its own: a burst of SIGHUP during a slow one must not take the place
// in which a SIGTERM is kept, and of a burst one reload is enough.
//
// SIGHUP is how other daemons are told to reload. At a terminal it says that the
// terminal has gone, and ends the program as Ctrl-C does.
func catchSignals(terminal bool) signals {
	s := signals{stop: make(chan os.Signal, 2), reload: make(chan os.Signal, 1)}
	signal.Notify(s.stop, syscall.SIGTERM, syscall.SIGINT)
	if terminal {
		signal.Notify(s.stop, syscall.SIGHUP)
	} else {
		signal.Notify(s.reload, syscall.SIGHUP)
	}
	return s
}

func (s signals) letGo() {
	signal.Stop(s.stop)
	signal.Stop(s.reload)
}
