package hold

import (
	"slices"
	"time"

	"pgregory.net/rapid"
)

// A wanting is a place in the model's queue.
type wanting struct {
	place *Place
	owner string
}

// A start is one that the decider let happen.
type start struct {
	at    time.Time
	owner string
}

// A model is the queue as somebody would keep it on paper: slices, searched from the
// front. It knows the whole past and judges each start by it.
type model struct {
	turns  turns
	now    time.Time
	lines  [2]paper // the usual, the urgent
	hurry  int      // urgent starts in a row
	up     []*Place
	starts []start
	steady int // the first of starts under the present config
}

// A paper lists who waits with the same urgency.
type paper struct {
	waiting []wanting
	ring    []string
	passed  map[string]map[string]bool // who started since an owner waits or started itself
}

func (m *model) waiting() int { return len(m.lines[0].waiting) + len(m.lines[1].waiting) }

// tidy takes an owner out of the ring who has nothing in the queue any more.
func (l *paper) tidy(owner string) {
	if !slices.ContainsFunc(l.waiting, func(w wanting) bool { return w.owner == owner }) {
		l.ring = slices.DeleteFunc(l.ring, func(o string) bool { return o == owner })
	}
}

// turn is the line whose turn it is: the urgent one, but not four times in a row while
// others wait.
func (m *model) turn() *paper {
	usual, urgent := &m.lines[0], &m.lines[1]
	if len(urgent.waiting) == 0 || m.hurry == 3 && len(usual.waiting) > 0 {
		m.hurry = 0
		return usual
	}
	m.hurry = min(m.hurry+1, 3)
	return urgent
}

// serve lets everybody start who may.
func (m *model) serve(t *rapid.T) {
	for {
		p := m.turns.next(m.now)
		if p == nil {
			m.reason(t)
			return
		}
		m.started(t, p)
	}
}

// started judges one start.
func (m *model) started(t *rapid.T, p *Place) {
	l := m.turn()
	i := slices.IndexFunc(l.waiting, func(w wanting) bool { return w.owner == l.ring[0] })
	w := l.waiting[i]
	if w.place != p {
		t.Fatalf("a place of %q started, it was the turn of %+v", p.owner.name, w)
	}
	l.waiting = slices.Delete(l.waiting, i, i+1)
	for _, other := range l.ring[1:] {
		if l.passed[other][w.owner] {
			t.Fatalf("%q started twice while %q waited", w.owner, other)
		}
		l.passed[other][w.owner] = true
	}
	l.ring, l.passed[w.owner] = append(l.ring[1:], w.owner), map[string]bool{}
	l.tidy(w.owner)
	m.up = append(m.up, p)
	m.starts = append(m.starts, start{m.now, w.owner})
	c := m.turns.config
	if c.Max > 0 && len(m.up) > c.Max {
		t.Fatalf("%d up, at most %d", len(m.up), c.Max)
	}
	m.paced(t, c.Pace)
}

// paced counts the starts in every stretch that ends now: at most so many a second,
// and one second's worth at once.
func (m *model) paced(t *rapid.T, pace int) {
	if pace == 0 {
		return
	}
	steady := m.starts[m.steady:]
	for i, s := range steady {
		n, most := len(steady)-i, int(m.now.Sub(s.at)*time.Duration(pace)/time.Second)+pace
		if n > most {
			t.Fatalf("%d starts in %v, at most %d a second", n, m.now.Sub(s.at), pace)
		}
	}
}

// reason looks why nobody starts: there must be one, and time's must be exact.
func (m *model) reason(t *rapid.T) {
	c := m.turns.config
	after, waits := m.turns.after(m.now)
	if full := c.Max > 0 && len(m.up) >= c.Max; waits != (m.waiting() > 0 && !full) {
		t.Fatalf("waits %v with %d waiting and %d of %d up", waits, m.waiting(), len(m.up), c.Max)
	}
	// A second, and the nanosecond a start by which the gap is rounded up.
	if waits && (c.Pace == 0 || after <= 0 || after > time.Second+10*time.Nanosecond) {
		t.Fatalf("the next start in %v at a pace of %d", after, c.Pace)
	}
	if m.waiting() != m.turns.waiting || len(m.up) != m.turns.up {
		t.Fatalf("counted %d waiting and %d up, want %d and %d", m.turns.waiting, m.turns.up, m.waiting(), len(m.up))
	}
	for i, r := range []*ring{&m.turns.usual, &m.turns.urgent} {
		if n := len(m.lines[i].ring); n != len(r.owners) || n != r.round.Len() {
			t.Fatalf("%d owners are kept, %d wait", len(r.owners), n)
		}
	}
}
