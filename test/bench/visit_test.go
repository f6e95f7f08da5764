package bench

import (
	"fmt"
	"testing"
	"time"
)

const (
	talkers  = 32  // kept connections for small requests
	cyclists = 500 // kept connections for wait cycles
	cycle    = 500 * time.Millisecond
	calm     = 2 * time.Second // after which a hold counts as begun: acknowledgements, session tickets are through
)

// tour is one visit: what is measured, of which proxy, with which result.
type tour struct {
	*running
	*options
	seen seen
}

// visit starts one proxy afresh and measures all there is to measure.
func visit(b *testing.B, o *options, p peer) (seen, error) {
	v := &tour{options: o, seen: seen{}}
	r, err := p.start(newSite(b))
	if err != nil {
		return nil, err
	}
	defer r.stop()
	v.running = r
	steps := []struct {
		name string
		run  func() error
		edge bool // says something also where waits are held at the edge
	}{
		{"small requests", v.smallRequests, true},
		{"hold", v.hold, true},
		{"wake", v.wake, false},
		{"hold again", v.holdAgain, false},
		{"reconnect storm", v.storm, true},
		{"wait cycles", v.waitCycles, false},
	}
	for _, step := range steps {
		if p.atEdge && !step.edge {
			continue
		}
		if err := step.run(); err != nil {
			return v.seen, fmt.Errorf("%s: %w", step.name, err)
		}
	}
	return v.seen, nil
}

// smallRequests: CPU of a request that is answered at once. It warms the proxy
// for what comes next, too.
func (v *tour) smallRequests() error {
	err := v.phones.do("Connect", Crowd{Addr: v.site.address, Phones: talkers}, nil)
	if err != nil {
		return err
	}
	times := max(v.requests/talkers, 1)
	cpu, err := v.cpuOf(Talk{"Settings", times})
	if err != nil {
		return err
	}
	if !v.atEdge { // the same code as without: it would be measured twice
		v.seen[requestCPU] = float64(cpu.Microseconds()) / float64(times*talkers)
	}
	return v.phones.do("Cut", none{}, nil)
}

// cpuOf is what the proxy takes for a conversation, after one of the same kind
// that does not count.
func (v *tour) cpuOf(t Talk) (time.Duration, error) {
	if err := v.phones.do("Converse", Talk{t.Command, max(t.Times/20, 1)}, nil); err != nil {
		return 0, err
	}
	before, err := v.used()
	if err != nil {
		return 0, err
	}
	if err := v.phones.do("Converse", t, nil); err != nil {
		return 0, err
	}
	after, err := v.used()
	return after.cpu - before.cpu, err
}

// waitCycles: CPU of a wait from the request to the answer, on connections that
// are kept for the next one. What the proxy does while nothing happens is in it.
func (v *tour) waitCycles() error {
	phones := min(cyclists, v.waits)
	err := v.phones.do("Connect", Crowd{Addr: v.site.address, Phones: phones}, nil)
	if err != nil {
		return err
	}
	if err := v.server.do("HoldFor", cycle, nil); err != nil {
		return err
	}
	times := max(v.cycles/phones, 1)
	cpu, err := v.cpuOf(Talk{"Ping", times})
	if err == nil {
		v.seen[cycleCPU] = float64(cpu.Microseconds()) / float64(times*phones)
	}
	return err
}
