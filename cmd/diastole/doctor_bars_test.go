package main

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/diastole/diastole/internal/doctor"
)

// A terminal that breaks a wide bar into two lines would show it twice, and once more
// with each tick.
func TestBarsAreDrawnOverThemselvesAndNeverBroken(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	b := &bars{out: w, terminal: true, began: time.Now()}
	b.watch(doctor.Progress{Lane: 0, Silence: 10 * time.Second, Lasts: time.Minute})
	b.watch(doctor.Progress{Lane: 1, Silence: 15 * time.Minute, Lasts: 15 * time.Minute})
	b.watch(doctor.Progress{Lane: 1, Silence: 15 * time.Minute, Lasts: 15 * time.Minute, Ended: "held"})
	next := func(text string) string {
		t.Helper()
		b.write(text)
		shown := make([]byte, 4096)
		n, err := r.Read(shown)
		if err != nil {
			t.Fatal(err)
		}
		return string(shown[:n])
	}
	first := next("a line\n")
	if !strings.HasPrefix(first, "\r\x1b[Ja line\n\x1b[?7l        wait of 1m, a byte every 10s     ░") || !strings.HasSuffix(first, " held\n\x1b[?7h") {
		t.Errorf("%q", first)
	}
	if again := next(""); !strings.HasPrefix(again, "\x1b[2A\r\x1b[J\x1b[?7l") {
		t.Errorf("%q: want it over the two bars", again)
	}
}

func TestADumbTerminalGetsLinesAndNoBars(t *testing.T) {
	screen, terminal := openTerminal(t)
	defer screen.Close()
	defer terminal.Close()
	for term, want := range map[string]bool{"dumb": false, "xterm": true} {
		t.Setenv("TERM", term)
		b := newBars(terminal)
		b.close()
		if b.terminal != want {
			t.Errorf("TERM=%s: bars %v", term, b.terminal)
		}
	}
}
