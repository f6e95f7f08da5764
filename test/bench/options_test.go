package bench

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

// options are the settings of a run; doc.go lists them.
type options struct {
	rounds, waits, requests, cycles int
	settle                          time.Duration
	peers                           []string // none: all
	binary                          string   // "": built from here
	out                             string
	changed                         []string // those that are not as by default, NAME=VALUE
}

func readOptions(b *testing.B) *options {
	o := &options{}
	text := func(name, otherwise string) string {
		if value := os.Getenv(name); value != "" && value != otherwise {
			o.changed = append(o.changed, name+"="+value)
			return value
		}
		return otherwise
	}
	number := func(name string, otherwise int) int {
		n, err := strconv.Atoi(text(name, strconv.Itoa(otherwise)))
		if err != nil || n < 1 {
			b.Fatalf("%s: a number from 1 on is needed", name)
		}
		return n
	}
	o.rounds, o.waits = number("BENCH_ROUNDS", 3), number("BENCH_WAITS", 8000)
	o.requests, o.cycles = number("BENCH_REQUESTS", 20000), number("BENCH_CYCLES", 8000)
	settle, err := time.ParseDuration(text("BENCH_SETTLE", "45s"))
	if err != nil || settle <= calm {
		b.Fatalf("BENCH_SETTLE: a time of more than %v is needed", calm)
	}
	o.settle, o.out = settle, text("BENCH_OUT", "../../docs/benchmarks.md")
	o.binary = text("BENCH_BINARY", "")
	if names := text("BENCH_PEERS", ""); names != "" {
		o.peers = strings.Split(names, ",")
	}
	return o
}

// asks says whether a proxy takes part. "diastole" is both of its ways.
func (o *options) asks(name string) bool {
	for _, want := range o.peers {
		if strings.EqualFold(want, strings.TrimSuffix(name, ", edge")) || strings.EqualFold(want, name) {
			return true
		}
	}
	return len(o.peers) == 0
}

// command is what repeats this run.
func (o *options) command() string {
	return fmt.Sprintf("make bench%s", strings.Join(append([]string{""}, o.changed...), " "))
}
