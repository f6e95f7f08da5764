//go:build linux

package install

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/diastole/diastole/test/netns"
	"golang.org/x/sys/unix"
)

const serviceUnit = "../../deploy/systemd/diastole.service"

// sandbox is how much of the machine a break-in could reach, by systemd's own measure:
// 10 is all of it.
const sandbox = 2.0

func TestTheServiceReachesLittleOfTheMachine(t *testing.T) {
	need(t, false, "systemd-analyze")
	out := must(t, "systemd-analyze", "security", "--offline=true", "--no-pager", strings.TrimPrefix(serviceUnit, "../../"))
	found := regexp.MustCompile(`Overall exposure level for diastole.service: ([\d.]+)`).FindStringSubmatch(out)
	if found == nil {
		t.Fatalf("no level in\n%s", out)
	}
	if level, err := strconv.ParseFloat(found[1], 64); err != nil || level > sandbox {
		t.Errorf("the level is %s, want at most %v:\n%s", found[1], sandbox, out)
	}
}

// A drain that systemd cuts short would cut the waits that it is for; EXTEND_TIMEOUT_USEC
// is for longer ones than the default.
func TestTheServiceHasTimeToDrain(t *testing.T) {
	unit := read(t, serviceUnit)
	within, err := strconv.Atoi(regexp.MustCompile(`(?m)^TimeoutStopSec=(\d+)$`).FindStringSubmatch(unit)[1])
	if err != nil {
		t.Fatal(err)
	}
	drain, err := strconv.Atoi(regexp.MustCompile(`(?m)^#drain: (\d+)s$`).FindStringSubmatch(read(t, "../../deploy/diastole.example.yaml"))[1])
	if err != nil {
		t.Fatal(err)
	}
	if within < drain+10 {
		t.Errorf("TimeoutStopSec=%d for a drain of %d s", within, drain)
	}
}

// systemCalls are those that a filter of a unit lets pass: groups as systemd knows them.
func systemCalls(t *testing.T, filters []string) (allowed map[string]bool) {
	t.Helper()
	allowed = map[string]bool{}
	for _, filter := range filters {
		names, denied := strings.CutPrefix(filter, "~")
		for name := range strings.FieldsSeq(names) {
			for _, call := range group(t, name) {
				allowed[call] = !denied
			}
		}
	}
	return allowed
}

// group is what is in a group such as @system-service, with the groups in it.
func group(t *testing.T, name string) (calls []string) {
	t.Helper()
	if !strings.HasPrefix(name, "@") {
		return []string{name}
	}
	for line := range strings.Lines(must(t, "systemd-analyze", "syscall-filter", "--no-pager", name)) {
		if line = strings.TrimSpace(line); line != name && line != "" && !strings.HasPrefix(line, "#") {
			calls = append(calls, group(t, line)...)
		}
	}
	return calls
}

// The filter of the unit is only in force under systemd. So the system calls of a whole
// life, from the start over a reload to the end of the drain, are compared with it.
func TestTheServiceMakesNoSystemCallThatItsUnitForbids(t *testing.T) {
	need(t, true, "systemd-analyze", "strace")
	binary, err := program()
	if err != nil {
		t.Fatal(err)
	}
	space, err := netns.NewSpace()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { space.Close() })
	dir := t.TempDir()
	trace := filepath.Join(dir, "trace")
	write(t, dir+"/diastole.yaml", "listen: 127.0.0.1:8443\nstate: {path: state.db}\ndrain: 1s\nupstream: {url: "+mailServer(t, space)+"}\n")
	// -D: strace watches from aside, and the process we signal is the program. As
	// LimitNOFILE= does, both limits of open files are one. As root SQLite would give its
	// files to their owner, which the unit's user cannot.
	s := &service{debian: &debian{t: t, root: dir}, space: space}
	must(t, "mkdir", dir+"/run")
	must(t, "chown", "nobody", dir)
	must(t, "chmod", "755", dir, filepath.Dir(dir))
	s.listen()
	s.cmd = exec.Command("sh", "-c", `ulimit -n 4096; exec strace -u nobody -D -f -qq -e signal=none -o "$0" "$1" serve --config "$2"`, trace, binary, dir+"/diastole.yaml")
	s.cmd.Env, s.cmd.Stderr = append(os.Environ(), "NOTIFY_SOCKET="+dir+"/run/notify", "WATCHDOG_USEC=300000"), &s.log
	if err := space.Start(s.cmd); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.cmd.Process.Kill() })
	s.hears("READY=1")
	s.ask("OPTIONS", "https://127.0.0.1:8443/Microsoft-Server-ActiveSync")
	s.ask("GET", "http://127.0.0.1:9180/metrics")
	s.hears("WATCHDOG=1")
	if err := s.cmd.Process.Signal(unix.SIGHUP); err != nil {
		t.Fatal(err)
	}
	s.hears("READY=1")
	s.stop()

	filters := regexp.MustCompile(`(?m)^SystemCallFilter=(.*)$`).FindAllStringSubmatch(read(t, serviceUnit), -1)
	var lines []string
	for _, f := range filters {
		lines = append(lines, f[1])
	}
	allowed, seen := systemCalls(t, lines), made(read(t, trace))
	for call := range seen {
		if !allowed[call] {
			t.Errorf("%s is forbidden: %s", call, seen[call])
		}
	}
	if len(seen) < 30 || !slices.Contains([]bool{allowed["setrlimit"], allowed["mount"]}, false) {
		t.Errorf("only %d system calls were seen: %v", len(seen), fmt.Sprint(seen))
	}
}

// made are the system calls in a trace, each with a line of it.
func made(trace string) map[string]string {
	seen := map[string]string{}
	for _, found := range regexp.MustCompile(`(?m)^\d+ +([a-z_0-9]+)\(.*$`).FindAllStringSubmatch(trace, -1) {
		seen[found[1]] = found[0]
	}
	return seen
}
