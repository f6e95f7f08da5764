package e2e

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// busy gives the workers of sogod that serve a request: those that have a
// connection of sogod's port open. sogod takes one request from a connection and
// closes it, and a worker whose client has left sits on a socket in CLOSE-WAIT until
// its Ping is over. What waits in the listen queue belongs to nobody yet.
func (b *bed) busy(t testing.TB) (pids []int) {
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

var inode = regexp.MustCompile(`\bino:(\d+)`)

// servedSockets names, as /proc/pid/fd does, the sockets that were accepted on a
// port and are open on our side. ss has the kernel choose: /proc/net/tcp has every
// connection that was closed within the last minute too, and takes 0.1 s to read.
func servedSockets(t testing.TB, port string) map[string]bool {
	t.Helper()
	out, err := exec.Command("ss", "-H", "-t", "-n", "-e", "state", "established", "state", "close-wait", "sport = :"+port).Output()
	if err != nil {
		t.Fatalf("ss: %v", err)
	}
	served := map[string]bool{}
	for _, found := range inode.FindAllSubmatch(out, -1) {
		served["socket:["+string(found[1])+"]"] = true
	}
	return served
}

// workersOfSogod are the children of sogod's watchdog.
func (b *bed) workersOfSogod(t testing.TB) (pids []int) {
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
func (b *bed) free(t testing.TB) {
	t.Helper()
	for _, pid := range b.busy(t) {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Errorf("worker %d: %v", pid, err)
		}
	}
}
