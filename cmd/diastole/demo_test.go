package main

import (
	"bufio"
	"encoding/json"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/diastole/diastole/internal/lab"
)

// demoUntil reads the demo's lines until one satisfies enough, then interrupts it,
// and returns all that it wrote.
func demoUntil(t *testing.T, mail string, enough func(line) bool) (events []line) {
	t.Helper()
	cmd := exec.Command(program, "demo", "--mail", mail)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	late := time.AfterFunc(4*time.Minute, func() { cmd.Process.Kill() })
	defer late.Stop()
	for in := bufio.NewScanner(out); in.Scan(); {
		var l line
		if err := json.Unmarshal(in.Bytes(), &l); err != nil {
			t.Errorf("%q: %v", in.Text(), err)
			continue
		}
		events = append(events, l)
		if enough(l) {
			cmd.Process.Signal(os.Interrupt) // the second one would find it gone
		}
	}
	if err := cmd.Wait(); err != nil {
		t.Fatalf("the demo ended with %v after %d lines", err, len(events))
	}
	return events
}

func TestTheDemoWritesJSONLinesAndEndsWithASummary(t *testing.T) {
	t.Parallel()
	arrived, woken, asked := 0, 0, false
	events := demoUntil(t, "50ms", func(e line) bool {
		switch {
		case e.text("event") == "mail":
			arrived++
		case e.text("event") == "wait" && e.text("outcome") == "changed" && e["status"] == 2.0:
			woken++
		case e.text("event") == "problem":
			t.Errorf("a phone complains: %v", e)
		}
		first := !asked && arrived > 0 && woken > 0
		asked = asked || first
		return first
	})
	if len(events) < 2 {
		t.Fatalf("only %v", events)
	}
	first, last := events[0], events[len(events)-1]
	if first.text("event") != "started" || first["scale"] != 60.0 || !strings.HasPrefix(first.text("phones"), "https://127.0.0.1:") ||
		!strings.HasPrefix(first.text("admin"), "http://127.0.0.1:") {
		t.Errorf("first line %v", first)
	}
	if last.text("event") != "summary" || last["mails_arrived"] != float64(arrived) || arrived == 0 || woken == 0 {
		t.Errorf("%d mails, %d waits woken by them, summary %v", arrived, woken, last)
	}
}

func TestOnATerminalTheDemoShowsATableUntilCtrlC(t *testing.T) {
	t.Parallel()
	cmd, d := onTerminal(t, "demo", "--mail", "50ms")
	shown := d.await("news after")
	for _, want := range []string{"12 phones behind firewalls", "living 60 times faster", "phones  https://127.0.0.1:",
		"dashboard  http://127.0.0.1:", "carrier-east, forgets after 12m30s", "guest-wifi, forgets after 6m", "nothing learned yet", "direct-push, sync"} {
		if !strings.Contains(shown, want) {
			t.Errorf("no %q on the screen", want)
		}
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	d.await("mails delivered, ")
	if err := cmd.Wait(); err != nil {
		t.Errorf("after Ctrl-C: %v", err)
	}
}

func TestTheDemoInFrontOfARealServerIsServe(t *testing.T) {
	t.Parallel()
	server := newMailServer(t, httptest.NewServer)
	p := startCommand(t, exec.Command(program, "demo", "--upstream", server.URL))
	if r := get(t, "https://"+p.address("edge")+"/"); r.err != nil {
		t.Errorf("through the proxy: %v", r)
	}
	p.signal(syscall.SIGTERM)
	p.exit(exitOK)
}

func TestTheDemoRefusesTimesThatMakeNoSense(t *testing.T) {
	for args, want := range map[string]string{
		"demo --for=-1s":                    "diastole: demo: --for and --mail want a time above zero, like 30s (see diastole demo --help)",
		"demo --mail 0s":                    "diastole: demo: --for and --mail want a time above zero, like 30s (see diastole demo --help)",
		"demo --for 1s --upstream http://a": "diastole: demo: --for belongs to the simulation: leave it out with --upstream (see diastole demo --help)",
	} {
		runProgram(t, "", strings.Fields(args)...).is(t, outcome{exitUsage, "", want + "\n"})
	}
}

func TestADemoThatCannotBindSaysSo(t *testing.T) {
	o := runProgram(t, "", "demo", "--listen", "192.0.2.1:1")
	if o.code != exitError || !strings.Contains(o.err, "192.0.2.1:1") || !strings.Contains(o.err, "cannot assign requested address") {
		t.Errorf("%+v", o)
	}
}

func TestSpansAreWrittenAsPeopleSayThem(t *testing.T) {
	for d, want := range map[time.Duration]string{
		45 * time.Second: "45s", 12 * time.Minute: "12m", 470 * time.Second: "7m50s", 61 * time.Second: "1m01s",
		59*time.Minute + 59*time.Second + 600*time.Millisecond: "1h00m", 150 * time.Minute: "2h30m",
	} {
		if got := span(d); got != want {
			t.Errorf("%v is %q, want %q", d, got, want)
		}
	}
}

func TestARowSaysInWordsHowTheLastWaitEnded(t *testing.T) {
	for want, w := range map[string]lab.Wait{
		"nothing new after 8m": {Event: lab.Expired, Took: 8 * time.Second},
		"news after 1m30s":     {Event: lab.Changed, Took: 1500 * time.Millisecond},
		"no answer to 15m":     {Event: lab.Silent, Asked: 15 * time.Minute},
		"cut after 2m":         {Event: lab.Broken, Took: 2 * time.Second},
		"refused: 59m instead": {Event: lab.Refused, Next: 59 * time.Minute},
	} {
		if got := (&row{last: w}).outcome(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if got := (&row{problem: "HTTP 401"}).outcome(); got != "HTTP 401" {
		t.Errorf("without a wait %q", got)
	}
}
