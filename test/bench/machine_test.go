package bench

import (
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// machine is where a run was made and with which versions.
func machine(order []peer) string {
	var versions []string
	for _, p := range order {
		if p.version != nil {
			versions = append(versions, p.name+" "+versionOf(p.version))
		}
	}
	memory, _, _ := strings.Cut(line("/proc/meminfo", "MemTotal"), " ")
	kib, _ := strconv.Atoi(memory)
	return fmt.Sprintf("On %s, %d processors (%s), %d GiB, Linux %s, %s: %s.", time.Now().UTC().Format(time.DateOnly),
		runtime.NumCPU(), line("/proc/cpuinfo", "model name"), kib>>20, release(), runtime.Version(), strings.Join(versions, ", "))
}

// versionOf is the first thing like a version, or like a commit, that a program
// says of itself.
func versionOf(command []string) string {
	out, err := exec.Command(command[0], command[1:]...).CombinedOutput()
	found := regexp.MustCompile(`\d+\.\d+\.\d[\w.+-]*|commit \S+`).Find(out)
	if err != nil || found == nil {
		return "of unknown version"
	}
	return string(found)
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
