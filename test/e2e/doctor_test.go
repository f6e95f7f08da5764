package e2e

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// SOGo holds waits, each with a worker; its estimates are off by one, and its short
// Pings tell the truth. All of that is to be seen, and nothing is to be left behind.
func TestTheDoctorKnowsSOGo(t *testing.T) {
	t.Parallel()
	for name, url := range map[string]string{"behind nginx": front(), "sogod itself": bare()} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			user := server.user(t)
			server.deliver(t, user, "was there before")
			page, told := examine(t, url, user)
			var report struct {
				Server struct{ Profile string }
				Wait   struct{ Means string }
				Cases  []struct{ Event string }
				Notes  []string
				Advice struct {
					Fits                                   bool
					Profile, Hold, Check, Estimates, Pings string
				}
			}
			if err := json.Unmarshal(page, &report); err != nil {
				t.Fatalf("%v in:\n%s", err, page)
			}
			a := report.Advice
			if !a.Fits || a.Profile != "sogo" || a.Hold != "edge" || a.Check != "ping" || a.Estimates != "wrong" || a.Pings != "exact" {
				t.Errorf("advice %+v", a)
			}
			if report.Wait.Means != "held to its end" || len(report.Cases) != 5 || len(report.Notes) > 0 {
				t.Errorf("got %+v", report)
			}
			if t.Failed() {
				t.Logf("%s\n%s", told, page)
			}
			said := runEAS(t, direct(), user, "sync")
			if !strings.Contains(said, "was there before") || strings.Contains(said, "diastole doctor") {
				t.Errorf("the inbox is not as it was:\n%s", said)
			}
		})
	}
}

// examine runs diastole doctor and wants exit code 0.
func examine(t *testing.T, url, user string) (report []byte, told string) {
	t.Helper()
	binary, err := build()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, []byte(password+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	cmd := exec.CommandContext(t.Context(), binary, "doctor", "--upstream", url, "--user", user, "--password-file", file,
		"--address", user+"@example.test", "--wait", "15s", "--json")
	cmd.Stderr = &said
	report, err = cmd.Output()
	if err != nil {
		t.Errorf("%v:\n%s\n%s", err, said.String(), report)
	}
	return report, said.String()
}
