package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/diastole/diastole/internal/lab"
)

// patient is a server whose first Ping lasts so long and whose others end at once: a
// test has no time for each.
func patient(t *testing.T, first time.Duration) (flags []string) {
	t.Helper()
	server := lab.NewServer(lab.ServerConfig{Users: map[string]string{"anna": "secret"}, MinHeartbeat: time.Second})
	t.Cleanup(server.Close)
	var pings atomic.Int32
	nth := func(match func(n int32) bool) func(*lab.Request) bool {
		return func(r *lab.Request) bool { return r.Command == "Ping" && match(pings.Load()) }
	}
	server.Inject(lab.Fault{Match: func(r *lab.Request) bool {
		if r.Command == "Ping" {
			pings.Add(1)
		}
		return false
	}})
	server.Inject(lab.Fault{Match: nth(func(n int32) bool { return n == 1 }), Kind: lab.FaultStatus, Code: 1, After: first})
	server.Inject(lab.Fault{Match: nth(func(n int32) bool { return n > 1 }), Kind: lab.FaultStatus, Code: 1})
	url, err := server.Listen(nil)
	if err != nil {
		t.Fatal(err)
	}
	return []string{"doctor", "--upstream", url, "--user", "anna", "--password-file", passwordFile(t), "--address", server.Address("anna"), "--wait", "5s"}
}

// passwordFile has the password of every user of the lab.
func passwordFile(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, []byte("secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestTheDoctorSaysWhatFitsAndExitsWithItsAnswer(t *testing.T) {
	o := runProgram(t, "", patient(t, 4*time.Second)...)
	if o.code != exitOK || !strings.Contains(o.out, "This fits:") || !strings.Contains(o.out, "profile: exchange\n    hold: pass\n    check: estimate\n") {
		t.Errorf("exit code %d:\n%s", o.code, o.out)
	}
	for _, said := range []string{"registering two devices", "waiting with a Ping of 5s", "sending a mail to anna@lab.test", "deleting its own mail"} {
		if !strings.Contains(o.err, said) {
			t.Errorf("it did not say %q:\n%s", said, o.err)
		}
	}
	o = runProgram(t, "", append(patient(t, 0), "--json")...)
	var report struct {
		Advice struct {
			Fits    bool
			Profile string
		}
	}
	if err := json.Unmarshal([]byte(o.out), &report); err != nil || o.code != exitError || report.Advice.Fits || report.Advice.Profile != "exchange" {
		t.Errorf("exit code %d, %v:\n%s", o.code, err, o.out)
	}
}

func TestTheDoctorSaysWhatIsWrongWithItsPatientOrItsFiles(t *testing.T) {
	flags := patient(t, 0)
	wrong := filepath.Join(t.TempDir(), "wrong")
	if err := os.WriteFile(wrong, []byte("wrong"), 0o600); err != nil {
		t.Fatal(err)
	}
	for want, flags := range map[string][]string{
		"diastole: OPTIONS was answered HTTP 401: the server does not take this user and password, or the user may not use ActiveSync\n": append(flags, "--password-file", wrong),
		"diastole: --password-file: open nowhere: no such file or directory\n":                                                           append(flags, "--password-file", "nowhere"),
	} {
		if o := runProgram(t, "", flags...); o.code != exitError || !strings.HasSuffix(o.err, want) || o.out != "" {
			t.Errorf("exit code %d:\n%s%s", o.code, o.out, o.err)
		}
	}
}
