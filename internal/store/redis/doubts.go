package redis

import (
	"context"
	"maps"
	"slices"
	"sync"

	goredis "github.com/redis/go-redis/v9"

	"github.com/diastole/diastole/heartbeat"
)

// mostDoubts is how many devices are remembered that came while nobody could be asked.
const mostDoubts = 10_000

// doubtTries is how often one is asked about, once a second: a Redis that has forgotten
// all is told again within some.
const doubtTries = 10

// doubts are they. What another node knows of one is told later: whoever came without
// being known here is held apart from his other waits until then.
type doubts struct {
	mu      sync.Mutex
	devices map[string]doubt
}

type doubt struct {
	key   heartbeat.Key
	tries int
}

func (d *doubts) add(name string, one doubt) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.devices == nil {
		d.devices = map[string]doubt{}
	}
	if len(d.devices) < mostDoubts && one.tries < doubtTries {
		d.devices[name] = one
	}
}

// take takes some of them out.
func (d *doubts) take(most int) map[string]doubt {
	d.mu.Lock()
	defer d.mu.Unlock()
	some := map[string]doubt{}
	for name, one := range d.devices {
		if len(some) == most {
			break
		}
		some[name] = one
		delete(d.devices, name)
	}
	return some
}

// user takes all devices of a user out.
func (d *doubts) user(principal string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	maps.DeleteFunc(d.devices, func(_ string, one doubt) bool { return one.key.Principal == principal })
}

// resolve asks about those that came while nobody could be asked.
func (s *Store) resolve() {
	if !s.up.Load() {
		return
	}
	some := s.doubts.take(10 * atOnce)
	if len(some) == 0 {
		return
	}
	left, err := s.ask(some)
	for name, one := range left {
		s.doubts.add(name, one)
	}
	s.failed(err)
}

// ask gives those that are to be asked about again.
func (s *Store) ask(some map[string]doubt) (left map[string]doubt, err error) {
	ctx, cancel := context.WithTimeout(s.ctx, answerWithin)
	defer cancel()
	pipe := s.client.Pipeline()
	sent := map[string]*goredis.Cmd{}
	for name := range some {
		sent[name] = look.EvalSha(ctx, pipe, []string{name}, mostRead)
	}
	_, _ = pipe.Exec(ctx) // each command has its own
	err = faultOf(slices.Collect(maps.Values(sent)))
	s.config.Metrics.sent(opLook, len(some))
	if forgotten(err) {
		return some, s.learnAgain(ctx)
	}
	if err != nil {
		return some, err
	}
	left = map[string]doubt{}
	for name, one := range some {
		is, err := sent[name].StringSlice()
		switch {
		case misplaced(err):
			s.clear(ctx, name)
			continue
		case err != nil || len(is) != 3 || is[0] == s.config.Node:
			continue
		case is[2] == "":
			left[name] = doubt{one.key, one.tries + 1}
			continue
		}
		state, err := s.seal.open(name, []byte(is[2]))
		if err != nil {
			s.config.Metrics.refused.Inc()
			continue
		}
		s.config.Found(one.key, state)
	}
	return left, nil
}
