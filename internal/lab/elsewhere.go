package lab

import (
	"fmt"
	"time"
)

// What another client, or the administrator, does to a mailbox while a phone waits.

const calendarSubject tag = 0x0426 // page 4, Calendar

// AddEvent puts an event into a user's calendar (an id or a name, "" = the one that every mailbox has) and wakes the
// waits that look at it. It gives the event's id.
func (s *Server) AddEvent(user, folder, subject string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.boxes[user]
	if b == nil {
		return "", fmt.Errorf("lab: no user %q", user)
	}
	if folder == "" {
		folder = "Calendar"
	}
	f := b.folder(folder)
	if f == nil || f.class != "Calendar" {
		return "", fmt.Errorf("lab: user %q has no calendar %q", user, folder)
	}
	it := f.put(&item{data: []*node{leaf(calendarSubject, subject)}, received: time.Now()}, b.next())
	b.wake()
	return it.id, nil
}

// Rename gives an event another subject. Like every change of an item it does not end a Ping (MS-ASCMD 3.1.5.8).
func (s *Server) Rename(user, id, subject string) bool {
	return s.change(user, id, func(b *mailbox, it *item) bool {
		if it.mail != nil {
			return false
		}
		it.set(leaf(calendarSubject, subject))
		it.changed = b.next()
		return true
	})
}

// change does something to an item of a user's mailbox, alone; false: there is no such item, or it is not of the kind.
func (s *Server) change(user, id string, do func(*mailbox, *item) bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.boxes[user]
	if b == nil {
		return false
	}
	it := b.find(id)
	return it != nil && do(b, it)
}

// Move takes an item to another folder of the same class, where it has another id: gone from one, new in the other.
func (s *Server) Move(user, id, folder string) (string, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.boxes[user]
	if b == nil {
		return "", false
	}
	it, to := b.find(id), b.folder(folder)
	if it == nil || to == nil || to == it.folder || to.class != it.folder.class {
		return "", false
	}
	it.folder.remove(it)
	it.by = nil // of whoever made it, that copy is gone too
	to.put(it, b.next())
	b.wake()
	return it.id, true
}

// RemoveFolder takes a folder away with all that is in it. Pings of that user end with Status 7.
func (s *Server) RemoveFolder(user, folder string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.boxes[user]
	if b == nil || b.folder(folder) == nil || folder == "" {
		return false
	}
	gone := b.folder(folder)
	for i, f := range b.folders {
		if f == gone {
			b.folders = append(b.folders[:i:i], b.folders[i+1:]...)
			break
		}
	}
	b.next()
	b.wake()
	return true
}

// SetPassword changes a user's password. Waits that are held go on: who asked had the old one.
func (s *Server) SetPassword(user, password string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.boxes[user]
	if b == nil {
		return false
	}
	b.password = password
	return true
}

// Outstanding is what lies between a device that has this SyncKey of a folder and that folder, as its next Sync would
// bring it: the ids of items that are new to it, and of older ones that have changed or gone. known is false for a key
// that is not good (any more).
func (s *Server) Outstanding(user, deviceID, folder, key string) (added, touched []string, known bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.boxes[user]
	if b == nil {
		return nil, nil, false
	}
	d, f := b.devices[deviceName(deviceID)], b.byID(folder)
	if d == nil || f == nil || d.collections[folder] == nil {
		return nil, nil, false
	}
	c := d.collections[folder]
	have, known := c.open(key)
	if key == "0" || !known {
		return nil, nil, false
	}
	now := time.Now()
	for id, version := range have {
		if it := f.items[id]; it == nil || it.changed != version || !it.eligible(c.filter, now) {
			touched = append(touched, id)
		}
	}
	for id, it := range f.items {
		if _, has := have[id]; !has && it.eligible(c.filter, now) {
			added = append(added, id)
		}
	}
	return added, touched, true
}
