package bench

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// family are a process and all that it has started: nginx and HAProxy have
// workers, Pushpin is five programs.
func family(pid int) []int {
	pids := []int{pid}
	for i := 0; i < len(pids); i++ {
		tasks, _ := os.ReadDir(fmt.Sprintf("/proc/%d/task", pids[i]))
		for _, t := range tasks {
			children, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%s/children", pids[i], t.Name()))
			for _, child := range strings.Fields(string(children)) {
				n, _ := strconv.Atoi(child)
				pids = append(pids, n)
			}
		}
	}
	return pids
}

// used is what a family has taken so far, or takes now.
type used struct {
	cpu         time.Duration // user and system
	pss         float64       // KiB
	descriptors int
}

func usedBy(pids []int) (u used, err error) {
	for _, pid := range pids {
		cpu, err := cpuOf(pid)
		if err != nil {
			return u, err
		}
		pss, err := pssOf(pid)
		if err != nil {
			return u, err
		}
		files, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
		if err != nil {
			return u, err
		}
		u.cpu, u.pss, u.descriptors = u.cpu+cpu, u.pss+pss, u.descriptors+len(files)
	}
	return u, nil
}

// cpuOf reads the process's CPU clock, which counts nanoseconds and threads that
// have ended too; /proc/pid/stat counts hundredths of a second. The clock's
// number is made as clock_getcpuclockid(3) makes it.
func cpuOf(pid int) (time.Duration, error) {
	const scheduler = 2 // CPUCLOCK_SCHED: user and system time
	var t unix.Timespec
	if err := unix.ClockGettime(int32(^pid<<3|scheduler), &t); err != nil {
		return 0, fmt.Errorf("the CPU clock of process %d: %w", pid, err)
	}
	return time.Duration(t.Nano()), nil
}

// pssOf is the proportional set size: memory that processes share counts once.
// What the kernel keeps for sockets is not in it, for no proxy.
func pssOf(pid int) (kib float64, err error) {
	file := fmt.Sprintf("/proc/%d/smaps_rollup", pid)
	text, err := os.ReadFile(file)
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "Pss:"); ok {
			return strconv.ParseFloat(strings.Fields(rest)[0], 64)
		}
	}
	return 0, fmt.Errorf("%s has no line Pss", file)
}
