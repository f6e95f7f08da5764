package main

import (
	"bufio"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// Whoever ends a look of an hour wants what it has shown.
func TestCtrlCEndsTheLookWithWhatWasFound(t *testing.T) {
	t.Parallel()
	flags := way(t, nil)
	flags[len(flags)-1] = "1s,59s"
	cmd := exec.Command(program, flags...)
	cmd.Env = append(os.Environ(), "HTTPS_PROXY=http://192.0.2.1:3128")
	var out strings.Builder
	cmd.Stdout = &out
	lines, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	for scan := bufio.NewScanner(lines); scan.Scan(); {
		said.WriteString(scan.Text() + "\n")
		if strings.Contains(scan.Text(), "wait of 1s: held after ") {
			if err := cmd.Process.Signal(os.Interrupt); err != nil {
				t.Error(err)
			}
		}
	}
	_ = cmd.Wait() // its exit code is looked at
	if code := cmd.ProcessState.ExitCode(); code != exitError || !strings.HasSuffix(said.String(), "\ndiastole: interrupted\n") || !strings.Contains(said.String(), "HTTPS_PROXY is set, and not used") {
		t.Errorf("exit code %d:\n%s", code, said.String())
	}
	for _, want := range []string{"wait  59s      59s   given up", "\nIt cannot be told: the wait of 59s was not held to its end. Waits of up to 1s were held.\n", "- it was interrupted"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in:\n%s", want, out.String())
		}
	}
}
