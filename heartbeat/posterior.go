package heartbeat

import (
	"time"
)

// Likelihood is what is believed of one limit.
type Likelihood struct {
	Limit       time.Duration // 30 s, 60 s .. 3600 s; the last stands for any more
	Probability float64       // that it is this one
	Survival    float64       // that a silence so long is survived: that it is this one or a higher
}

// Posterior gives what is believed of each limit of a network, which is what advice
// is drawn from; nil if the network is not known.
func (n *Networks) Posterior(now time.Time, net Network) []Likelihood {
	n.mu.Lock()
	defer n.mu.Unlock()
	e, ok := n.networks.Peek(net)
	if !ok {
		return nil
	}
	e.forget(since1970(now), n.config.HalfLife)
	all, survival := make([]Likelihood, points), 0.0
	for i := points - 1; i >= 0; i-- {
		p := float64(e.belief.p[i]) / float64(e.belief.sum)
		survival = min(survival+p, 1)
		all[i] = Likelihood{limitAt(i), p, survival}
	}
	return all
}

// Sighting is one piece of evidence as it was seen, to be shown beside what is
// believed because of it.
type Sighting struct {
	At   time.Duration // how long the connection was silent
	Died bool
	When time.Time
}

// mostSightings are kept of each kind: a network with a thousand good waits an hour
// would otherwise have no picture of its deaths.
const mostSightings = 64

// sightings are the last of one kind. They take room only as they come: most networks
// are a phone at home.
type sightings struct {
	last []sighting // a ring once it is full
	next uint8
}

type sighting struct {
	when uint32
	at   seconds
}

func (s *sightings) note(now time.Duration, at time.Duration) {
	seen := sighting{uint32(now / time.Second), inSeconds(at)}
	if len(s.last) < mostSightings {
		s.last = append(s.last, seen)
		return
	}
	s.last[s.next] = seen
	s.next = (s.next + 1) % mostSightings
}

// Sightings gives the last evidence of a network, at most 64 survivals and 64 deaths,
// each oldest first.
func (n *Networks) Sightings(net Network) []Sighting {
	n.mu.Lock()
	defer n.mu.Unlock()
	e, ok := n.networks.Peek(net)
	if !ok {
		return nil
	}
	return e.sightings()
}

func (e *estimator) sightings() (seen []Sighting) {
	for _, x := range e.lived.all() {
		seen = append(seen, sightingOf(x, false))
	}
	for _, x := range e.fell.all() {
		seen = append(seen, sightingOf(x, true))
	}
	return seen
}

func sightingOf(x [2]uint32, died bool) Sighting {
	return Sighting{time.Duration(x[0]) * time.Second, died, time.Unix(int64(x[1]), 0)}
}

// all are the seconds of silence and the moment of each, oldest first.
func (s *sightings) all() (all [][2]uint32) {
	for i := range s.last {
		x := s.last[(i+int(s.next))%len(s.last)]
		all = append(all, [2]uint32{uint32(x.at), x.when})
	}
	return all
}

func (s *sightings) restore(all [][2]uint32) {
	for _, x := range all {
		s.note(time.Duration(x[1])*time.Second, time.Duration(x[0])*time.Second)
	}
}
