package e2e

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// busy gives the workers of sogod that serve a request: those that have a
// connection of sogod's port open. sogod takes one request from a connection and
// closes it, and a worker whose client has left sits on a socket in CLOSE-WAIT until
// its Ping is over. What waits in the listen queue belongs to nobody yet.
func (b *bed) busy(t *testing.T) (pids []int) {
	t.Helper()
	_, port, _ := net.SplitHostPort(b.sogod)
	served := servedSockets(t, port)
	for _, pid := range b.workersOfSogod(t) {
		files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid)) // none: it has just ended
		for _, file := range files {
			if name, err := os.Readlink(file); err == nil && served[name] {
				pids = append(pids, pid)
				break
			}
		}
	}
	return pids
}

// servedSockets names, as /proc/pid/fd does, the sockets that were accepted on a
// port and are open on our side, proc(5) /proc/net/tcp.
func servedSockets(t *testing.T, port string) map[string]bool {
	t.Helper()
	number, err := strconv.Atoi(port)
	if err != nil {
		t.Fatal(err)
	}
	table, err := os.ReadFile("/proc/net/tcp")
	if err != nil {
		t.Fatal(err)
	}
	const established, closeWait = "01", "08"
	served := map[string]bool{}
	for line := range strings.Lines(string(table)) {
		f := strings.Fields(line)
		if len(f) > 9 && strings.HasSuffix(f[1], fmt.Sprintf(":%04X", number)) && (f[3] == established || f[3] == closeWait) {
			served["socket:["+f[9]+"]"] = true
		}
	}
	return served
}

// workersOfSogod are the children of sogod's watchdog.
func (b *bed) workersOfSogod(t *testing.T) (pids []int) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(b.dir, "run/sogo/sogod.pid"))
	if err != nil {
		t.Fatal(err)
	}
	watchdog := strings.TrimSpace(string(text))
	children, err := os.ReadFile(fmt.Sprintf("/proc/%s/task/%s/children", watchdog, watchdog))
	if err != nil {
		t.Fatal(err)
	}
	for _, child := range strings.Fields(string(children)) {
		if pid, err := strconv.Atoi(child); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}

// free ends whatever the workers are at; sogod's watchdog makes new ones at once.
func (b *bed) free(t *testing.T) {
	t.Helper()
	for _, pid := range b.busy(t) {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Errorf("worker %d: %v", pid, err)
		}
	}
}
