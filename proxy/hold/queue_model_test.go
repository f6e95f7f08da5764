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
	turns   turns
	now     time.Time
	waiting []wanting
	ring    []string
	up      []*Place
	starts  []start
	passed  map[string]map[string]bool // who started since an owner waits or started itself
	steady  int                        // the first of starts under the present config
}

// tidy takes an owner out of the ring who has nothing in the queue any more.
func (m *model) tidy(owner string) {
	if !slices.ContainsFunc(m.waiting, func(w wanting) bool { return w.owner == owner }) {
		m.ring = slices.DeleteFunc(m.ring, func(o string) bool { return o == owner })
	}
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
	i := slices.IndexFunc(m.waiting, func(w wanting) bool { return w.owner == m.ring[0] })
	w := m.waiting[i]
	if w.place != p {
		t.Fatalf("a place of %q started, it was the turn of %+v", p.owner.name, w)
	}
	m.waiting = slices.Delete(m.waiting, i, i+1)
	for _, other := range m.ring[1:] {
		if m.passed[other][w.owner] {
			t.Fatalf("%q started twice while %q waited", w.owner, other)
		}
		m.passed[other][w.owner] = true
	}
	m.ring, m.passed[w.owner] = append(m.ring[1:], w.owner), map[string]bool{}
	m.tidy(w.owner)
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
	if full := c.Max > 0 && len(m.up) >= c.Max; waits != (len(m.waiting) > 0 && !full) {
		t.Fatalf("waits %v with %d waiting and %d of %d up", waits, len(m.waiting), len(m.up), c.Max)
	}
	// A second, and the nanosecond a start by which the gap is rounded up.
	if waits && (c.Pace == 0 || after <= 0 || after > time.Second+10*time.Nanosecond) {
		t.Fatalf("the next start in %v at a pace of %d", after, c.Pace)
	}
	if len(m.waiting) != m.turns.waiting || len(m.up) != m.turns.up {
		t.Fatalf("counted %d waiting and %d up, want %d and %d", m.turns.waiting, m.turns.up, len(m.waiting), len(m.up))
	}
	if len(m.ring) != len(m.turns.owners) || len(m.ring) != m.turns.ring.Len() {
		t.Fatalf("%d owners are kept, %d wait", len(m.turns.owners), len(m.ring))
	}
}
