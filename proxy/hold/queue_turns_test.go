package hold

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestTurnsAreAModels(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := &model{now: time.Unix(0, 0), turns: turns{config: configs.Draw(t, "config")}}
		for i := range m.lines {
			m.lines[i].passed = map[string]map[string]bool{}
		}
		t.Repeat(map[string]func(*rapid.T){
			"enter": m.enter, "enter too": m.enter, "enter as well": m.enter,
			"leave waiting": m.leaveWaiting, "leave up": m.leaveUp,
			"pass": m.pass, "configure": m.configure, "": m.serve,
		})
		m.drain(t)
	})
}

// drain lets everybody leave who is up until nobody waits: all start in the end.
func (m *model) drain(t *rapid.T) {
	for left := m.waiting(); left > 0; left-- {
		for len(m.up) > 0 {
			m.turns.leave(m.up[0])
			m.up = m.up[1:]
		}
		if after, waits := m.turns.after(m.now); waits && after > 0 {
			m.now = m.now.Add(after)
		}
		if m.serve(t); m.waiting() == 0 {
			return
		}
	}
	if n := m.waiting(); n > 0 {
		t.Fatalf("%d never start", n)
	}
}

func (m *model) enter(t *rapid.T) {
	owner := rapid.StringMatching("[a-e]").Draw(t, "owner")
	p, which := &Place{}, rapid.IntRange(0, 1).Draw(t, "urgent")
	m.turns.join(p, owner, which == 1)
	l := &m.lines[which]
	l.waiting = append(l.waiting, wanting{p, owner})
	if !slices.Contains(l.ring, owner) {
		l.ring = append(l.ring, owner)
		l.passed[owner] = map[string]bool{}
	}
}

func (m *model) leaveWaiting(t *rapid.T) {
	l := &m.lines[rapid.IntRange(0, 1).Draw(t, "urgent")]
	if len(l.waiting) == 0 {
		t.Skip("nobody waits")
	}
	i := rapid.IntRange(0, len(l.waiting)-1).Draw(t, "which")
	w := l.waiting[i]
	l.waiting = slices.Delete(l.waiting, i, i+1)
	l.tidy(w.owner)
	for range 2 {
		if m.turns.leave(w.place) {
			t.Fatal("a place that was not up freed a slot")
		}
	}
}

func (m *model) leaveUp(t *rapid.T) {
	if len(m.up) == 0 {
		t.Skip("nobody is up")
	}
	i := rapid.IntRange(0, len(m.up)-1).Draw(t, "which")
	p := m.up[i]
	m.up = slices.Delete(m.up, i, i+1)
	if !m.turns.leave(p) || m.turns.leave(p) {
		t.Fatal("Leave frees a slot once")
	}
}

func (m *model) pass(t *rapid.T) {
	m.now = m.now.Add(time.Duration(rapid.Int64Range(1, int64(3*time.Second)).Draw(t, "pass")))
}

func (m *model) configure(t *rapid.T) {
	m.turns.config = configs.Draw(t, "config")
	m.steady = len(m.starts)
}

var configs = rapid.Custom(func(t *rapid.T) QueueConfig {
	return QueueConfig{Max: rapid.IntRange(0, 4).Draw(t, "max"), Pace: rapid.IntRange(0, 7).Draw(t, "pace")}
})
