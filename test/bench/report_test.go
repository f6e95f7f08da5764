package bench

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// report gathers the rounds and writes docs/benchmarks.md.
type report struct {
	rounds, requests, waits int
	order                   []string
	cpus                    map[string][]float64
	mem                     map[string]perWait
}

func newReport(rounds, requests, waits int) *report {
	return &report{rounds: rounds, requests: requests, waits: waits, cpus: map[string][]float64{}, mem: map[string]perWait{}}
}

func (r *report) cpu(name string, us float64) {
	if r.cpus[name] == nil {
		r.order = append(r.order, name)
	}
	r.cpus[name] = append(r.cpus[name], us)
}

func (r *report) lastCPU(name string) float64 { return r.cpus[name][len(r.cpus[name])-1] }

func (r *report) memory(name string, m perWait) { r.mem[name] = m }

func median(v []float64) float64 {
	v = slices.Sorted(slices.Values(v))
	return (v[len(v)/2] + v[(len(v)-1)/2]) / 2
}

// ratio is the median of the rounds' own ratios: a round that a noisy neighbour
// slowed down slowed down all of it.
func (r *report) ratio(name string) float64 {
	var ratios []float64
	for i, own := range r.cpus["diastole"] {
		ratios = append(ratios, own/r.cpus[name][i])
	}
	return median(ratios)
}

func (r *report) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# Benchmarks\n\nMade by `make bench` (%d rounds of %d requests, %d waits). Compare within a table only: absolute figures are this machine's\n(%d CPUs, %s, %s).\n\n",
		r.rounds, r.requests, r.waits, runtime.NumCPU(), runtime.Version(), versions())
	b.WriteString("## CPU per small proxied request\n\nPOST with 40 bytes over TLS 1.3, 32 kept connections, plain HTTP to the server. Medians of all rounds, user and system time.\n\n")
	b.WriteString("| proxy | us a request | diastole needs |\n|---|---|---|\n")
	for _, name := range r.order {
		fmt.Fprintf(&b, "| %s | %.1f | %.2f times its CPU |\n", name, median(r.cpus[name]), r.ratio(name))
	}
	b.WriteString("\n## Memory per relayed wait\n\nOne TLS connection and one upstream connection each, PSS growth while they are held.\n\n")
	b.WriteString("| proxy | KiB a wait | descriptors a wait | diastole needs |\n|---|---|---|---|\n")
	for _, name := range r.order {
		m := r.mem[name]
		fmt.Fprintf(&b, "| %s | %.1f | %.1f | %.2f times its memory |\n", name, m.kib, m.descriptors, r.mem["diastole"].kib/m.kib)
	}
	return b.String()
}

func versions() string {
	ask := func(args ...string) string {
		out, _ := exec.Command(args[0], args[1:]...).CombinedOutput()
		return strings.TrimSpace(strings.SplitN(string(out), "\n", 2)[0])
	}
	h := strings.Fields(ask("haproxy", "-v"))
	return strings.TrimPrefix(ask("nginx", "-v"), "nginx version: ") + ", HAProxy " + h[min(2, len(h)-1)] + ", Caddy " + ask("caddy", "version")
}

func (r *report) write(b *testing.B) {
	text := r.text()
	fmt.Println("\n" + text)
	if err := os.WriteFile("../../docs/benchmarks.md", []byte(text), 0o644); err != nil {
		b.Fatal(err)
	}
	if ratio := r.ratio("caddy"); ratio > 1 {
		b.Errorf("diastole needs %.2f times Caddy's CPU for a request; it must not be worse", ratio)
	}
	if ratio := r.mem["diastole"].kib / r.mem["caddy"].kib; ratio > 1 {
		b.Errorf("diastole needs %.2f times Caddy's memory for a wait; it must not be worse", ratio)
	}
}
