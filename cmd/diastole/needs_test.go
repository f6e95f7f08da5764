package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// needs leaves a test out where a program, or a file by its path, is not there. On CI
// that is a failure: a proof that is left out in silence is none.
func needs(t *testing.T, what string) {
	t.Helper()
	var err error
	if filepath.IsAbs(what) {
		_, err = os.Stat(what)
	} else {
		_, err = exec.LookPath(what)
	}
	if err == nil {
		return
	}
	if os.Getenv("CI") == "true" {
		t.Fatal(what + " is not installed: run `make deps`")
	}
	t.Skip(what + " is not installed: run `make deps`")
}
