package lab

import (
	"fmt"
	"hash/fnv"
	"strconv"
)

// jmapBox is what JMAP knows of a mailbox beyond its folders; guarded by the server's mutex.
type jmapBox struct {
	at      uint64            // the mailbox's count when the states were worked out
	sums    map[string]uint64 // type -> what its data were
	states  map[string]int    // type -> how often that has changed
	waiting map[chan struct{}]struct{}
}

// tell wakes whoever waits for a change, without waiting for him.
func (b *jmapBox) tell() {
	for c := range b.waiting {
		select {
		case c <- struct{}{}:
		default: // it has not yet looked since the last time
		}
	}
}

// listen gives a channel that says that something changed.
func (j *JMAP) listen(b *mailbox) (changed chan struct{}, stop func()) {
	changed = make(chan struct{}, 1)
	j.server.mu.Lock()
	defer j.server.mu.Unlock()
	if b.jmap.waiting == nil {
		b.jmap.waiting = map[chan struct{}]struct{}{}
	}
	b.jmap.waiting[changed] = struct{}{}
	return changed, func() {
		j.server.mu.Lock()
		defer j.server.mu.Unlock()
		delete(b.jmap.waiting, changed)
	}
}

// states gives the state of each type, as strings that say nothing (RFC 8620 5.1).
func (j *JMAP) states(b *mailbox) map[string]string {
	j.server.mu.Lock()
	defer j.server.mu.Unlock()
	if b.jmap.states == nil || b.jmap.at != b.count {
		b.jmap.follow(b)
	}
	all := map[string]string{}
	for name, n := range b.jmap.states {
		all[name] = "s" + strconv.Itoa(n)
	}
	return all
}

// follow moves the state of each type whose data are other than they were. It compares the data and not the count,
// because a state may not move without a change (RFC 8620 5.1): a contact must not wake who waits for mail.
func (b *jmapBox) follow(m *mailbox) {
	if b.states == nil {
		b.states, b.sums = map[string]int{}, map[string]uint64{}
	}
	for name, sum := range m.sums() {
		if old, known := b.sums[name]; !known || old != sum {
			b.sums[name] = sum
			b.states[name]++
		}
	}
	b.at = m.count
}

// jmapTypes are the types for a class of folders: of the folders themselves, and of what lies in them.
var jmapTypes = map[string][2]string{
	"Email": {"Mailbox", "Email"}, "Calendar": {"Calendar", "CalendarEvent"}, "Contacts": {"AddressBook", "ContactCard"},
}

// sums are digests of all that each type holds.
func (b *mailbox) sums() map[string]uint64 {
	sums := map[string]uint64{}
	for class, names := range jmapTypes {
		tree, items, newest := fnv.New64a(), fnv.New64a(), uint64(0)
		for _, f := range b.folders {
			if f.class != class {
				continue
			}
			// RFC 8621 2: a mailbox has counters, so its state moves with the mail in it
			fmt.Fprintln(tree, f.id, f.name, f.changed, len(f.order))
			for _, it := range f.order {
				fmt.Fprintln(items, it.id, it.folder.id, it.changed)
				newest = max(newest, it.added)
			}
		}
		sums[names[0]], sums[names[1]] = tree.Sum64(), items.Sum64()
		if class == "Email" {
			sums["EmailDelivery"] = newest // RFC 8621 1.5: only new mail moves it
		}
	}
	return sums
}
