package bench

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"
)

const (
	talkers  = 32  // kept connections for small requests
	cyclists = 200 // kept connections for wait cycles
	cycle    = 500 * time.Millisecond
	calm     = 2 * time.Second // after which a hold counts as begun: acknowledgements, session tickets are through
)

// A tour is a fresh start of one proxy and what is then measured, step by step.
type tour struct {
	*running
	*options
	seen seen
}

type step struct {
	name string
	run  func(*tour) error
	edge bool // says something also where waits are held at the edge
}

// tours are two, so that the garbage and the idle connections of 20,000 requests
// are not taken for those of waits.
var tours = [][]step{
	{
		{"hold", (*tour).hold, true},
		{"wake", (*tour).wake, false},
		{"hold again", (*tour).holdAgain, false},
		{"reconnect storm", (*tour).storm, true},
	}, {
		{"small requests", (*tour).smallRequests, false},
		{"wait cycles", (*tour).waitCycles, false},
	},
}

// visit measures all there is to measure of one proxy.
func visit(b *testing.B, o *options, p peer) (seen, error) {
	all := seen{}
	var errs []error
	for _, steps := range tours {
		if p.atEdge {
			steps = slices.DeleteFunc(slices.Clone(steps), func(s step) bool { return !s.edge })
		}
		if len(steps) > 0 {
			errs = append(errs, all.tour(b, o, p, steps))
		}
	}
	return all, errors.Join(errs...)
}

func (s seen) tour(b *testing.B, o *options, p peer, steps []step) error {
	r, err := p.start(newSite(b))
	if err != nil {
		return err
	}
	defer r.stop()
	t := &tour{r, o, s}
	for _, step := range steps {
		if err := step.run(t); err != nil {
			return fmt.Errorf("%s: %w", step.name, err)
		}
	}
	return nil
}

// talk opens so many connections, lets each say something a few times, and
// returns what each time took of the proxy's processor in microseconds. A
// quarter as many before do not count: the proxy warms up.
func (v *tour) talk(phones, all int, command string) (us float64, err error) {
	if err := v.phones.do("Connect", Crowd{Addr: v.site.address, Phones: phones}, nil); err != nil {
		return 0, err
	}
	times := max(all/phones, 1)
	if err := v.phones.do("Converse", Talk{command, (times + 3) / 4}, nil); err != nil {
		return 0, err
	}
	before, err := v.used()
	if err != nil {
		return 0, err
	}
	var again int64
	if err := v.phones.do("Converse", Talk{command, times}, &again); err != nil {
		return 0, err
	}
	after, err := v.used()
	if err != nil {
		return 0, err
	}
	v.seen[talkAgain] += float64(again)
	us = float64((after.cpu - before.cpu).Microseconds()) / float64(times*phones)
	return us, v.phones.do("Cut", none{}, nil)
}

// smallRequests: CPU of a request that is answered at once.
func (v *tour) smallRequests() (err error) {
	v.seen[requestCPU], err = v.talk(talkers, v.requests, "Settings")
	return err
}

// waitCycles: CPU of a wait from the request to the answer, on connections that
// are kept for the next one. What the proxy does while nothing happens is in it.
func (v *tour) waitCycles() (err error) {
	if err := v.server.do("HoldFor", cycle, nil); err != nil {
		return err
	}
	v.seen[cycleCPU], err = v.talk(min(cyclists, v.waits), v.cycles, "Ping")
	return err
}
