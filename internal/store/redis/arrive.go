package redis

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/diastole/diastole/heartbeat"
)

// Arrival says where what is known of a device is to be found.
type Arrival uint8

const (
	Here      Arrival = iota // what this node knows of it is the latest
	Elsewhere                // what came with it is; what this node knows is older, or nothing
	Doubtful                 // it may have been elsewhere meanwhile, and nobody can be asked
)

func (a Arrival) String() string { return [...]string{"here", "elsewhere", "doubtful"}[a] }

// mostLooks is how many devices are looked up at once; more are doubtful. Who guesses
// names must not make a queue for those who have one.
const mostLooks = 128

// Arrive is to be asked when a device sends a request, before what is known of it is
// used; fresh says that it is the first on its connection, before which it may have been
// elsewhere. A device of this node costs nothing; any other one a question to Redis,
// which has 100 ms.
func (s *Store) Arrive(key heartbeat.Key, fresh bool) (state []byte, arrival Arrival) {
	name := s.seal.device(key)
	ours, sure := s.table.is(name)
	up := s.up.Load()
	switch {
	case ours && (sure && up || !up && !fresh):
		return nil, Here
	case !up:
		arrival = Doubtful
	default:
		state, arrival = s.look(name)
	}
	if arrival == Doubtful {
		s.doubts.add(name, doubt{key: key})
	}
	s.config.Metrics.arrivals.WithLabelValues(arrival.String()).Inc()
	return state, arrival
}

func (s *Store) look(name string) (state []byte, arrival Arrival) {
	select {
	case s.looks <- struct{}{}:
		defer func() { <-s.looks }()
	default:
		return nil, Doubtful
	}
	ctx, cancel := context.WithTimeout(s.ctx, arriveWithin)
	defer cancel()
	began := time.Now()
	answer, err := look.Run(ctx, s.client, []string{name}, mostRead).StringSlice()
	s.config.Metrics.sent(opLook, 1)
	s.config.Metrics.answers.Observe(time.Since(began).Seconds())
	if misplaced(err) {
		s.clear(ctx, name)
		return nil, Doubtful
	}
	if err != nil || len(answer) != 3 {
		s.late(err)
		return nil, Doubtful
	}
	s.slow.Store(0)
	owner, age, sealed := answer[0], answer[1], answer[2]
	since, ours := s.table.since(name)
	switch ms, _ := strconv.ParseInt(age, 10, 64); {
	case owner == "" && !ours && time.Since(time.Unix(0, s.since.Load())) < s.config.pace.claims:
		return nil, Doubtful // Redis may have forgotten whose it is, and that node has not said so yet
	case owner == "" || owner == s.config.Node: // nobody else's; ours may have gone with a restart of Redis
		return nil, Here
	case ours && time.Since(since) < time.Duration(ms)*time.Millisecond:
		return nil, Here // we had it later, and have not said so yet
	}
	s.lost(name)
	if sealed == "" {
		return nil, Elsewhere
	}
	state, err = s.seal.open(name, []byte(sealed))
	if err != nil {
		s.config.Metrics.refused.Inc()
		return nil, Doubtful
	}
	return state, Elsewhere
}

// mostLate is how many looks in a row may be late before Redis counts as gone: one may
// be the fault of a moment.
const mostLate = 3

// late notes that a look has failed.
func (s *Store) late(err error) {
	if errors.Is(err, context.DeadlineExceeded) && s.slow.Add(1) < mostLate {
		return
	}
	s.slow.Store(0)
	s.failed(err)
}

// Holds says that the server has accepted a device on this node: it belongs here from
// now on, and its former node is told. It returns at once.
func (s *Store) Holds(key heartbeat.Key) {
	if s.table.holds(s.seal.device(key), key, time.Now()) {
		s.poke()
	}
}

// Changed says that what is to be kept of a device has changed. It returns at once; what
// is not this node's is not kept by it.
func (s *Store) Changed(key heartbeat.Key) {
	if s.table.changed(s.seal.device(key)) {
		s.poke()
	}
}
