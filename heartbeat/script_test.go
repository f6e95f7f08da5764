package heartbeat_test

import (
	"bufio"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/diastole/diastole/heartbeat"
)

var update = flag.Bool("update", false, "write what the scripts in testdata give into them")

// A script is a day in the life of some devices: a line an event, "----", and what
// is known after each. See the files for the words.
func TestScriptedDays(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no scripts", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := play(t, string(text))
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			} else if got != string(text) {
				t.Errorf("%s gives (-update writes it):\n%s", file, got)
			}
		})
	}
}

// play runs a script and gives it back with what came out.
func play(t *testing.T, text string) string {
	d := scriptedDay{
		t: t, date: time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC), asked: map[string]time.Duration{}, where: map[string]heartbeat.Network{},
		tracker: heartbeat.NewTracker(heartbeat.TrackerConfig{}), networks: heartbeat.NewNetworks(heartbeat.NetworksConfig{})}
	var out, results strings.Builder
	skip := false
	for lines := bufio.NewScanner(strings.NewReader(text)); lines.Scan(); {
		line := lines.Text()
		switch {
		case line == "----":
			fmt.Fprintf(&out, "----\n%s", results.String())
			results.Reset()
			skip = true
		case line == "":
			out.WriteString("\n")
			skip = false
		case !skip:
			out.WriteString(line + "\n")
			if !strings.HasPrefix(line, "#") {
				fmt.Fprintln(&results, d.event(strings.Fields(line)))
			}
		}
	}
	return out.String()
}

type scriptedDay struct {
	t        *testing.T
	date     time.Time
	asked    map[string]time.Duration
	where    map[string]heartbeat.Network
	tracker  *heartbeat.Tracker
	networks *heartbeat.Networks
}

// event is one line: TIME WHO asks INTERVAL [NETWORK], TIME WHO OUTCOME HELD [PROOF],
// TIME advice [NETWORK], TIME FROM-TO died|survived AGE, or DATE (a new day).
func (d *scriptedDay) event(words []string) string {
	if date, err := time.Parse(time.DateOnly, words[0]); err == nil {
		d.date = date
		return date.Weekday().String()
	}
	clock, err := time.Parse("15:04:05", words[0])
	if err != nil {
		d.t.Fatalf("%q: %v", words, err)
	}
	now := d.date.Add(clock.Sub(clock.Truncate(24 * time.Hour)))
	words = append(words, "", "", "")
	if words[1] == "advice" {
		return d.advice(now, network(words[2]))
	}
	age, err := time.ParseDuration(words[3])
	if err != nil {
		d.t.Fatalf("%q: %v", words, err)
	}
	switch words[2] {
	case "asks":
		return d.asks(now, words[1], age, network(words[4]))
	case "died", "survived":
		return d.crowd(now, words[1], heartbeat.Evidence{At: age, Died: words[2] == "died"})
	}
	return d.ends(now, words[1], words[2], age, words[4])
}

func network(name string) heartbeat.Network {
	if name == "" {
		name = "carrier"
	}
	return heartbeat.Network{Name: name, HTTP: 1}
}

func (d *scriptedDay) asks(now time.Time, who string, asked time.Duration, n heartbeat.Network) string {
	k := heartbeat.Key{Principal: who, Device: "D"}
	died := d.sees(now, n)(d.tracker.Asked(k, now, n, asked))
	d.networks.Asked(now, n, asked)
	d.asked[who], d.where[who] = asked, n
	given := ""
	if allowed := d.networks.Allow(now, n, k.ID(), asked); allowed > 0 && allowed < asked {
		given = fmt.Sprintf(", is given %v", allowed)
	}
	s, _ := d.tracker.State(k)
	if s.Deaf {
		s.State += ", deaf"
	}
	return strings.TrimSpace(fmt.Sprintf("%s %s: %s%s%s", who, s.Ladder, s.State, given, died))
}

func (d *scriptedDay) ends(now time.Time, who, outcome string, held time.Duration, proof string) string {
	w := heartbeat.Wait{Network: d.where[who], Asked: d.asked[who], Given: d.asked[who], Held: held}
	for o := heartbeat.Expired; o <= heartbeat.Drained; o++ {
		if o.String() == outcome {
			w.Outcome = o
		}
	}
	for p := heartbeat.Unknown; p <= heartbeat.Lost; p++ {
		if p.String() == proof {
			w.Proof = p
		}
	}
	if limit, err := time.ParseDuration(proof); err == nil {
		w.Given = limit
	}
	if w.Outcome == 0 {
		d.t.Fatalf("%s: no outcome is called %q", who, outcome)
	}
	return who + d.sees(now, w.Network)(d.tracker.Ended(heartbeat.Key{Principal: who, Device: "D"}, now, w))
}

// crowd are many devices that have no name: all see the same.
func (d *scriptedDay) crowd(now time.Time, who string, e heartbeat.Evidence) string {
	var from, to uint64
	if _, err := fmt.Sscanf(who, "%d-%d", &from, &to); err != nil {
		d.t.Fatalf("%q: %v", who, err)
	}
	for e.Device = from; e.Device <= to; e.Device++ {
		d.networks.Observe(now, network(""), e)
	}
	return d.advice(now, network(""))
}

func (d *scriptedDay) sees(now time.Time, n heartbeat.Network) func(heartbeat.Evidence, bool) string {
	return func(e heartbeat.Evidence, ok bool) string {
		if !ok {
			return ""
		}
		d.networks.Observe(now, n, e)
		if e.Died {
			return fmt.Sprintf(", died at %v", e.At)
		}
		return fmt.Sprintf(", survived %v", e.At)
	}
}

func (d *scriptedDay) advice(now time.Time, n heartbeat.Network) string {
	a := d.networks.Advise(now, n)
	said := "nothing advised"
	if a.Interval > 0 {
		said = fmt.Sprintf("advised %v", a.Interval)
	}
	return fmt.Sprintf("%s: limit %v..%v, %d survived, %d died, %d devices", said, a.Low, a.High, a.Survived, a.Died, a.Devices)
}
