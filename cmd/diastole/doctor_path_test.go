package main

import (
	"encoding/json"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/diastole/diastole/internal/doctor"
	"github.com/diastole/diastole/internal/lab"
)

// way is the way to a server that treats Pings like this, and how to look at it.
func way(t *testing.T, fault *lab.Fault) (flags []string) {
	t.Helper()
	server := lab.NewServer(lab.ServerConfig{Users: map[string]string{"anna": "secret"}, MinHeartbeat: time.Second})
	t.Cleanup(server.Close)
	if fault != nil {
		fault.Match = lab.On("Ping")
		server.Inject(*fault)
	}
	url, err := server.Listen(nil)
	if err != nil {
		t.Fatal(err)
	}
	return []string{"doctor", "--url", url, "--user", "anna", "--password-file", passwordFile(t), "--holds", "1s,2s"}
}

func TestTheDoctorSaysThatNothingCutsAndExitsWithZero(t *testing.T) {
	t.Parallel()
	o := runProgram(t, "", way(t, nil)...)
	if o.code != exitOK || !strings.Contains(o.out, "\nNothing cuts waits of up to 2s: they were held to their end.\n") || strings.Contains(o.out, "\x1b") {
		t.Errorf("exit code %d:\n%s%s", o.code, o.out, o.err)
	}
	for _, said := range []string{"holding 2 waits, the longest for 2s; all at once", "wait of 1s: held after ", "wait of 2s: held after "} {
		if !strings.Contains(o.err, said) {
			t.Errorf("it did not say %q:\n%s", said, o.err)
		}
	}
}

func TestTheDoctorNamesTheSideThatCutsAndExitsWithOne(t *testing.T) {
	t.Parallel()
	flags := append(way(t, &lab.Fault{Kind: lab.FaultCutBefore, After: 500 * time.Millisecond}), "--json")
	o := runProgram(t, "", flags...)
	var report struct {
		Verdict struct {
			Side  string
			After float64 `json:"after_seconds"`
			High  float64 `json:"high_seconds"`
			Says  string
		}
		Holds []struct {
			Asked float64 `json:"asked_seconds"`
			End   string
		}
	}
	err := json.Unmarshal([]byte(o.out), &report)
	if v := report.Verdict; err != nil || o.code != exitError || v.Side != "server" || v.High < 0.4 || v.High > 5 || !strings.Contains(v.Says, "(FIN)") {
		t.Errorf("exit code %d, %v:\n%s%s", o.code, err, o.out, o.err)
	}
	if len(report.Holds) != 2 || report.Holds[1].Asked != 2 || report.Holds[1].End != "closed" {
		t.Errorf("holds %+v", report.Holds)
	}
}

func TestOnATerminalWaitsAreBarsAndTheVerdictHasAColour(t *testing.T) {
	t.Parallel()
	cmd, d := onTerminal(t, way(t, nil)...)
	err := cmd.Wait()
	shown := d.await("\x1b[0m")
	for _, want := range []string{"wait of 2s                       ███", "░ 1s\n", "████ held\n", "\x1b[1;32mNothing cuts waits of up to 2s"} {
		if !strings.Contains(shown, want) {
			t.Errorf("no %q in:\n%q", want, shown)
		}
	}
	if err != nil {
		t.Error(err)
	}
}

func TestTheDoctorSendsNoPasswordWhereTheCertificateIsNotGood(t *testing.T) {
	t.Parallel()
	flags := way(t, nil)
	server := newMailServer(t, httptest.NewTLSServer)
	flags[2] = server.URL
	o := runProgram(t, "", flags...)
	if o.code != exitError || !strings.Contains(o.err, "phones refuse the certificate") || strings.Contains(o.out, "OPTIONS") {
		t.Errorf("exit code %d:\n%s%s", o.code, o.out, o.err)
	}
}

// A page that is read at night must not name what is not there.
func TestTheDoctorsPageNamesWhatTheReportHas(t *testing.T) {
	page, err := os.ReadFile("../../docs/doctor.md")
	if err != nil {
		t.Fatal(err)
	}
	full := doctor.PathReport{Security: &doctor.Security{}, Control: &doctor.Hold{}, Again: &doctor.Hold{}, Search: make([]doctor.Hold, 1),
		Verdict: doctor.Verdict{After: 1, Low: 1, High: 1}}
	text, err := json.Marshal(full)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"verdict", "side", "after_seconds", "low_seconds", "high_seconds", "holds", "search", "control", "again", "tls", "days_left"} {
		if !strings.Contains(string(page), name) || !strings.Contains(string(text), `"`+name+`":`) {
			t.Errorf("%s is not on the page, or not in the report: %s", name, text)
		}
	}
	for _, side := range []doctor.Side{doctor.SideNone, doctor.SideClient, doctor.SideServer, doctor.SideProxy, doctor.SideUnknown} {
		if !strings.Contains(string(page), "`"+string(side)+"`") {
			t.Errorf("%s is not on the page", side)
		}
	}
	help := runProgram(t, "", "doctor", "--help").out
	for _, flag := range regexp.MustCompile(`--[a-z][a-z-]*`).FindAllString(string(page), -1) {
		if !strings.Contains(help, flag) {
			t.Errorf("%s is on the page, and no flag", flag)
		}
	}
}
