package bench

import (
	"os"
	"strconv"
	"testing"
)

// BenchmarkPeers is the whole comparison. It runs once, whatever b.N is.
func BenchmarkPeers(b *testing.B) {
	rounds, waits := setting("BENCH_ROUNDS", 5), setting("BENCH_WAITS", 4000)
	requests := setting("BENCH_REQUESTS", 20000)
	world := newWorld(b)
	peers := world.start(b, diastole(b, world), nginx(), haproxy(), caddy())
	r := newReport(rounds, requests, waits)
	for round := range rounds {
		for _, p := range peers {
			r.cpu(p.name, p.cpuPerRequest(b, requests))
			b.Logf("round %d: %-8s %6.1f us of CPU a request", round+1, p.name, r.lastCPU(p.name))
		}
	}
	for _, p := range peers {
		m := p.memoryPerWait(b, world, waits)
		r.memory(p.name, m)
		b.Logf("%-8s %6.1f KiB and %.1f descriptors a wait", p.name, m.kib, m.descriptors)
	}
	r.write(b)
}

func setting(name string, otherwise int) int {
	if n, err := strconv.Atoi(os.Getenv(name)); err == nil && n > 0 {
		return n
	}
	return otherwise
}
