package wake

import "sync"

// Audience are those who wait on one mailbox with the same credentials, and share what
// a source hears it with. The zero value is nobody. Its methods may be called from any
// goroutine, Tell alone not with a lock held: who is told may ask what is covered.
type Audience struct {
	mu      sync.Mutex
	members map[*Member]struct{}
	covers  Classes
}

// Member is one of them.
type Member struct {
	audience *Audience
	waits    Classes
	heard    func(changed bool)
}

// Join adds one who waits on classes; heard is Source.Watch's.
func (a *Audience) Join(waits Classes, heard func(changed bool)) *Member {
	m := &Member{audience: a, waits: waits, heard: heard}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.members == nil {
		a.members = map[*Member]struct{}{}
	}
	a.members[m] = struct{}{}
	return m
}

// Covers is what a member's audience hears of now.
func (m *Member) Covers() Classes { return m.audience.Covers() }

// Covers is what is heard of now.
func (a *Audience) Covers() Classes {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.covers
}

// Part takes one away, and says whether it was the last. One who has gone is not the
// last again.
func (a *Audience) Part(m *Member) (last bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	_, here := a.members[m]
	delete(a.members, m)
	return here && len(a.members) == 0
}

// Empty says whether nobody waits.
func (a *Audience) Empty() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.members) == 0
}

// Cover notes what is heard of from now on. Where it says that this is news, Tell(0) is due.
func (a *Audience) Cover(covers Classes) (news bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	news = a.covers != covers
	a.covers = covers
	return news
}

// Tell tells those who wait on one of the classes that something may have changed;
// with 0 it tells everybody that Covers has.
func (a *Audience) Tell(classes Classes) {
	a.mu.Lock()
	var calls []func(bool)
	for m := range a.members {
		if classes == 0 || m.waits&classes != 0 {
			calls = append(calls, m.heard)
		}
	}
	a.mu.Unlock()
	for _, heard := range calls {
		heard(classes != 0)
	}
}
