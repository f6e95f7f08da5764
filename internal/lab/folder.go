package lab

import (
	"fmt"
	"slices"
	"strconv"
	"time"
)

// itemsPerFolder bounds a folder. A delivery above it pushes the oldest item out, as a quota rule does.
const itemsPerFolder = 10_000

// folder is one folder of a mailbox.
type folder struct {
	id, parent, name string
	kind             int    // FolderHierarchy:Type, MS-ASCMD 2.2.3.186.3
	class            string // AirSync class of what it holds
	items            map[string]*item
	order            []*item // by age
	changed          uint64  // the mailbox's count when it was made or renamed
}

// item is one thing in a folder.
type item struct {
	id       string
	folder   *folder
	added    uint64 // the mailbox's count when it came
	changed  uint64 // and when it was last touched
	by       *device
	mail     *Mail
	data     []*node // ApplicationData as a client sent it, where it is no mail
	received time.Time
}

// standardFolders is what every mailbox has, with the ids that the worked bytes of the protocol notes use.
func standardFolders() []*folder {
	return []*folder{
		{id: "1", name: "Calendar", kind: 8, class: "Calendar"},
		{id: "2", name: "Contacts", kind: 9, class: "Contacts"},
		{id: "3", name: "Deleted Items", kind: 4, class: "Email"},
		{id: "4", name: "Drafts", kind: 3, class: "Email"},
		{id: "5", name: "Inbox", kind: 2, class: "Email"},
		{id: "6", name: "Sent Items", kind: 5, class: "Email"},
		{id: "7", name: "Tasks", kind: 7, class: "Tasks"},
		{id: "8", name: "Notes", kind: 10, class: "Notes"},
	}
}

// Ids of the folders that the server itself puts things into.
const (
	trashID = "3"
	inboxID = "5"
	sentID  = "6"
)

// put adds an item under the next count of the mailbox.
func (f *folder) put(it *item, count uint64) *item {
	it.id, it.folder, it.added, it.changed = f.id+":"+strconv.FormatUint(count, 10), f, count, count
	if it.mail != nil {
		it.mail.ID = it.id
		for i := range it.mail.Attachments {
			it.mail.Attachments[i].Reference = fmt.Sprintf("%s:%d", it.id, i)
		}
	}
	if f.items == nil {
		f.items = map[string]*item{}
	}
	f.items[it.id] = it
	f.order = append(f.order, it)
	if len(f.order) > itemsPerFolder {
		f.remove(f.order[0])
	}
	return it
}

func (f *folder) remove(it *item) {
	delete(f.items, it.id)
	if i := slices.Index(f.order, it); i >= 0 {
		f.order = slices.Delete(f.order, i, i+1)
	}
}

// eligible says whether a device with this FilterType has the item. Values are those of MS-ASCMD 2.2.3.68.2; the ones
// for tasks (8) and unknown ones hide nothing.
func (it *item) eligible(filter int, now time.Time) bool {
	const day = 24 * time.Hour
	var window time.Duration
	switch filter {
	case 1:
		window = day
	case 2:
		window = 3 * day
	case 3:
		window = 7 * day
	case 4:
		window = 14 * day
	case 5:
		window = 31 * day
	case 6:
		window = 92 * day
	case 7:
		window = 183 * day
	default:
		return true
	}
	return now.Sub(it.received) <= window
}
