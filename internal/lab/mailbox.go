package lab

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// devicesPerUser is how many devices a mailbox takes; the next one gets Status 177 (too many devices), as with
// Exchange's EasMaxDevices.
const devicesPerUser = 100

// mailbox is one user's folders and devices. All of it is guarded by the server's mutex.
type mailbox struct {
	user, password string
	count          uint64 // moves with every change
	folders        []*folder
	devices        map[string]*device
	waits          map[*wait]struct{}
	active         int // requests on their way, for the concurrency limit
	jmap           jmapBox
}

func newMailbox(user, password string) *mailbox {
	return &mailbox{user: user, password: password, folders: standardFolders(),
		devices: map[string]*device{}, waits: map[*wait]struct{}{}}
}

// next counts one change.
func (b *mailbox) next() uint64 {
	b.count++
	b.jmap.tell() // whoever is told takes the mutex first, so he sees the change done
	return b.count
}

// folder finds a folder by id or by name, "" being the Inbox; nil without one.
func (b *mailbox) folder(name string) *folder {
	if name == "" {
		name = inboxID
	}
	i := slices.IndexFunc(b.folders, func(f *folder) bool { return f.id == name || strings.EqualFold(f.name, name) })
	if i < 0 {
		return nil
	}
	return b.folders[i]
}

// byID finds a folder by its id alone.
func (b *mailbox) byID(id string) *folder {
	i := slices.IndexFunc(b.folders, func(f *folder) bool { return f.id == id })
	if i < 0 {
		return nil
	}
	return b.folders[i]
}

// find gives an item by its id.
func (b *mailbox) find(id string) *item {
	folderID, _, _ := strings.Cut(id, ":")
	if f := b.byID(folderID); f != nil {
		return f.items[id]
	}
	return nil
}

// wake tells every wait in this mailbox to look again.
func (b *mailbox) wake() {
	for w := range b.waits {
		select {
		case w.again <- struct{}{}:
		default: // it has not yet looked since the last time
		}
	}
}

// deliver puts a mail into a folder. by is the device that made it, nil for mail from outside.
func (b *mailbox) deliver(f *folder, m Mail, by *device) *item {
	if m.Received.IsZero() {
		m.Received = time.Now()
	}
	m.Attachments = slices.Clone(m.Attachments) // put writes references into them
	it := f.put(&item{mail: &m, by: by, received: m.Received}, b.next())
	b.wake()
	return it
}

// addFolder makes a folder, which every device learns of by Status 7 or 12.
func (b *mailbox) addFolder(name, class string) *folder {
	highest := 0
	for _, f := range b.folders {
		n, _ := strconv.Atoi(f.id)
		highest = max(highest, n)
	}
	f := &folder{id: strconv.Itoa(highest + 1), name: name, kind: userFolder[class], class: class, changed: b.next()}
	b.folders = append(b.folders, f)
	b.wake()
	return f
}

// userFolder is FolderHierarchy:Type of folders that users make, MS-ASCMD 2.2.3.186.3.
var userFolder = map[string]int{"Email": 12, "Calendar": 13, "Contacts": 14, "Tasks": 15, "Notes": 17}

// Deliver puts a mail into a folder of a user ("" = the Inbox; an id or a name) and wakes the waits that look at it.
// It gives the mail's id.
func (s *Server) Deliver(user, folder string, m Mail) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.boxes[user]
	if b == nil {
		return "", fmt.Errorf("lab: no user %q", user)
	}
	f := b.folder(folder)
	if f == nil {
		return "", fmt.Errorf("lab: user %q has no folder %q", user, folder)
	}
	return b.deliver(f, m, nil).id, nil
}

// Remove takes an item out of a user's mailbox, as another client does. Waits do not end by it (MS-ASCMD 3.1.5.8).
func (s *Server) Remove(user, id string) bool {
	return s.change(user, id, func(b *mailbox, it *item) bool {
		it.folder.remove(it)
		b.next()
		return true
	})
}

// MarkRead sets or clears a mail's read flag, as another client does.
func (s *Server) MarkRead(user, id string, read bool) bool {
	return s.change(user, id, func(b *mailbox, it *item) bool {
		if it.mail == nil {
			return false
		}
		it.mail.Read, it.changed = read, b.next()
		return true
	})
}

// AddFolder makes a folder of a class ("Email", "Calendar" ...) in a user's mailbox and gives its id, "" without
// that user. Pings of that user end with Status 7.
func (s *Server) AddFolder(user, name, class string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if b := s.boxes[user]; b != nil {
		return b.addFolder(name, class).id
	}
	return ""
}

// Mails gives what lies in a user's folder ("" = the Inbox), oldest first.
func (s *Server) Mails(user, folder string) (mails []Mail) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.boxes[user]
	if b == nil || b.folder(folder) == nil {
		return nil
	}
	for _, it := range b.folder(folder).order {
		if it.mail != nil {
			mails = append(mails, *it.mail)
		}
	}
	return mails
}
