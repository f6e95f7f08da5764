package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// program is the real binary, built once for all tests of this package.
var program string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "diastole-test-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	program = filepath.Join(dir, "diastole")
	args := []string{"build", "-ldflags", "-X main.release=v9.8.7-test", "-o", program}
	if raceDetector {
		args = append(args, "-race")             // its reports are no JSON, which process notices
		os.Setenv("GORACE", "atexit_sleep_ms=0") // instead of a second at each end
	}
	build := exec.Command("go", append(args, ".")...)
	build.Stderr = os.Stderr
	code := 1
	if err := build.Run(); err == nil {
		code = m.Run()
	}
	os.RemoveAll(dir)
	os.Exit(code)
}
