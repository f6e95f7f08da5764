package bench

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// machine is where a run was made and with which versions.
func machine(order []peer) string {
	var versions []string
	for _, p := range order {
		if p.version != nil {
			versions = append(versions, p.version())
		}
	}
	return fmt.Sprintf("On %s: %d CPUs (%s), %s, Linux %s, %s; %s.", time.Now().UTC().Format(time.DateOnly),
		runtime.NumCPU(), line("/proc/cpuinfo", "model name"), line("/proc/meminfo", "MemTotal"), release(), runtime.Version(), strings.Join(versions, "; "))
}

// firstLine is what a program says first when it is asked for its version.
func firstLine(program string, args ...string) string {
	out, err := exec.Command(program, args...).CombinedOutput()
	if err != nil {
		return program + " of unknown version"
	}
	first, _, _ := strings.Cut(string(out), "\n")
	return strings.TrimSpace(first)
}

// line is the value of the first line with this key.
func line(file, key string) string {
	text, _ := os.ReadFile(file)
	for l := range strings.Lines(string(text)) {
		if name, value, ok := strings.Cut(l, ":"); ok && strings.TrimSpace(name) == key {
			return strings.TrimSpace(value)
		}
	}
	return "unknown " + key
}

func release() string {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return "of unknown release"
	}
	return unix.ByteSliceToString(u.Release[:])
}
