package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	systemd "github.com/coreos/go-systemd/v22/daemon"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
	"golang.org/x/sys/unix"
)

// manager is the service manager that started this process, where it asked to be
// told how things go (sd_notify(3)). Without NOTIFY_SOCKET nobody is told anything.
type manager struct {
	log      *zap.Logger
	watchdog time.Duration // it kills us after so long without a sign of life; 0: never
}

// tellEvery is how often the manager hears of the waits that are held.
const tellEvery = 10 * time.Second

func newManager(log *zap.Logger) (*manager, error) {
	watchdog, err := systemd.SdWatchdogEnabled(false)
	if err != nil {
		return nil, fmt.Errorf("WATCHDOG_USEC: %w", err)
	}
	return &manager{log: log, watchdog: watchdog}, nil
}

// listens: without somebody to tell, nothing has to be gathered for it either.
func (m *manager) listens() bool { return os.Getenv("NOTIFY_SOCKET") != "" }

// tell sends all of it as one message, so that the manager sees no half of it.
func (m *manager) tell(state ...string) {
	if _, err := systemd.SdNotify(false, strings.Join(state, "\n")); err != nil {
		m.log.Warn("the service manager cannot be told", zap.Strings("state", state), zap.Error(err))
	}
}

// ready ends the start, and each reload: with what is to be known of it.
func (m *manager) ready(how string) { m.tell(systemd.SdNotifyReady, status(how)) }

// reloading begins a reload, which ready ends. With the time on the clock that both
// know a manager can tell its own SIGHUP from an earlier one (Type=notify-reload).
func (m *manager) reloading() {
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &now); err != nil {
		m.log.Warn("the monotonic clock cannot be read", zap.Error(err))
	}
	m.tell(systemd.SdNotifyReloading, fmt.Sprintf("MONOTONIC_USEC=%d", now.Nano()/int64(time.Microsecond)))
}

// stopping says that nothing has gone wrong, and how long it may take: a
// TimeoutStopSec= that is shorter than drain would cut the waits that it is for.
func (m *manager) stopping(within time.Duration) {
	m.tell(systemd.SdNotifyStopping, status("answering the waits that are held, within "+within.String()),
		fmt.Sprintf("EXTEND_TIMEOUT_USEC=%d", (within+stopMargin).Microseconds()))
}

// stopMargin is for what comes after the drain: state is saved, files are closed.
const stopMargin = 10 * time.Second

// status is one line: behind a line break the manager would read the next assignment.
func status(text string) string { return "STATUS=" + strings.ReplaceAll(text, "\n", " ") }

// interval is how often the manager has to hear of us: three times before it would
// give us up, so that one late tick on a busy machine is no reason.
func (m *manager) interval() time.Duration {
	if m.watchdog > 0 {
		return min(tellEvery, m.watchdog/3)
	}
	return tellEvery
}

// report tells the manager how things stand until ctx ends. A sign of life is sent only
// when the run loop turns and each metric can be read, which takes the locks of all
// tables: a process in which one of them is held for ever relays nothing any more. It
// does not ask the upstream: to restart us would not mend that. Being stuck here is
// what the watchdog is for, so nothing in it has a time limit.
func (d *daemon) report(ctx context.Context) {
	tick := time.NewTicker(d.manager.interval())
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		select {
		case <-ctx.Done():
			return
		case d.turns <- struct{}{}:
		}
		d.manager.tell(systemd.SdNotifyWatchdog, status(fmt.Sprintf("%.0f waits held", heldNow(d.metrics))))
	}
}

// heldNow reads every metric there is, for the sake of their locks, and gives one.
func heldNow(metrics prometheus.Gatherer) (waits float64) {
	families, _ := metrics.Gather() // what it could read it gives with its error; /metrics shows that
	for _, f := range families {
		if f.GetName() == "diastole_waits_held" {
			for _, m := range f.GetMetric() {
				waits += m.GetGauge().GetValue()
			}
		}
	}
	return waits
}
