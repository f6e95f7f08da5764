package bench

import (
	"os/exec"
	"path/filepath"
	"testing"
)

// BenchmarkPeers is the whole comparison. It runs once, whatever b.N is. Each
// round visits all proxies in turn, so that a noisy neighbour of the machine
// disturbs them alike.
func BenchmarkPeers(b *testing.B) {
	o := readOptions(b)
	all := peers(diastoleBinary(b, o))
	report := newReport(o)
	for round := range o.rounds {
		for _, p := range all {
			if !o.asks(p.name) {
				continue
			}
			b.Logf("round %d of %d: %s", round+1, o.rounds, p.name)
			seen, err := visit(b, o, p)
			if err != nil {
				b.Errorf("%s: %v", p.name, err) // what was measured before it counts
			}
			b.Logf("%v", seen)
			report.add(p, seen, err)
		}
	}
	report.write(b)
}

func diastoleBinary(b *testing.B, o *options) string {
	if o.binary != "" {
		return o.binary
	}
	binary := filepath.Join(b.TempDir(), "diastole")
	build := exec.Command("go", "build", "-trimpath", "-o", binary, "../../cmd/diastole")
	if out, err := build.CombinedOutput(); err != nil {
		b.Fatalf("building diastole: %v\n%s", err, out)
	}
	return binary
}
