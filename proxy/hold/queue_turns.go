package hold

import (
	"container/list"
	"time"
)

// turns decides whose turn it is, and when. It is pure: it neither looks at a clock
// nor calls anybody.
type turns struct {
	config      QueueConfig
	up, waiting int
	usual       ring
	urgent      ring
	urgently    int       // how many of these have started in a row
	paid        time.Time // when the starts so far are used up, at the pace
}

// ring is a round of owners, one place of each after the other.
type ring struct {
	round  list.List         // of *owner: those that wait, the next one in front
	owners map[string]*owner // those in the round
}

// owner is somebody for whom places wait.
type owner struct {
	name    string
	ring    *ring
	places  list.List     // of *Place, the oldest in front
	element *list.Element // of the ring
}

// urgentInARow is how many that are urgent go first before one that is not: what is
// urgent without an end must not keep the others from their turn.
const urgentInARow = 3

// join puts a place at the end of its owner's, and an owner who did not wait at the
// end of the ring.
func (t *turns) join(p *Place, name string, urgent bool) {
	to := &t.usual
	if urgent {
		to = &t.urgent
	}
	o := to.owners[name]
	if o == nil {
		if to.owners == nil {
			to.owners = map[string]*owner{}
		}
		o = &owner{name: name, ring: to}
		o.element = to.round.PushBack(o)
		to.owners[name] = o
	}
	p.owner, p.element = o, o.places.PushBack(p)
	t.waiting++
}

// turn is the ring whose turn it is; somebody waits.
func (t *turns) turn() *ring {
	if t.urgent.round.Len() > 0 && (t.urgently < urgentInARow || t.usual.round.Len() == 0) {
		t.urgently++
		return &t.urgent
	}
	t.urgently = 0
	return &t.usual
}

// next takes the place whose turn it is and counts it as up; nil if there is none.
func (t *turns) next(now time.Time) *Place {
	if after, waits := t.after(now); !waits || after > 0 {
		return nil
	}
	r := t.turn()
	o := r.round.Front().Value.(*owner)
	p := o.places.Front().Value.(*Place)
	r.round.MoveToBack(o.element)
	t.forget(p)
	p.up, p.starting = true, true
	t.up++
	if t.paid.Before(now) {
		t.paid = now // what was not used in time is not saved up, beyond the burst
	}
	t.paid = t.paid.Add(t.gap())
	return p
}

// after says in what time the next place may start, 0 or less for now. waits is
// false when no time will do: nobody waits, or somebody who is up must leave first.
func (t *turns) after(now time.Time) (after time.Duration, waits bool) {
	if t.waiting == 0 || t.config.Max > 0 && t.up >= t.config.Max {
		return 0, false
	}
	gap := t.gap()
	if gap == 0 {
		return 0, true
	}
	// Up to one second's worth of starts may be owed (generic cell rate algorithm,
	// ITU-T I.371): one moment is all that must be remembered.
	burst := gap * time.Duration(t.config.Pace-1)
	return t.paid.Add(-burst).Sub(now), true
}

// gap is the time between two starts at the pace, 0 for no limit. It is rounded up:
// the pace is a limit, not a wish.
func (t *turns) gap() time.Duration {
	if t.config.Pace <= 0 {
		return 0
	}
	pace := time.Duration(t.config.Pace)
	return (time.Second + pace - 1) / pace
}

// leave takes a place away, wherever it is. freed: it was up.
func (t *turns) leave(p *Place) (freed bool) {
	if p.owner != nil {
		t.forget(p)
		return false
	}
	freed = p.up
	if freed {
		p.up = false
		t.up--
	}
	return freed
}

// forget takes a place out of those that wait, with its owner if it was the last one.
func (t *turns) forget(p *Place) {
	o := p.owner
	o.places.Remove(p.element)
	p.owner, p.element = nil, nil
	t.waiting--
	if o.places.Len() == 0 {
		o.ring.round.Remove(o.element)
		delete(o.ring.owners, o.name)
	}
	if len(o.ring.owners) == 0 {
		o.ring.owners = nil // a map does not shrink, and this one grew with a storm
	}
}
