package proxy

import (
	"net/http"

	"github.com/diastole/diastole/proxy/check"
	"github.com/diastole/diastole/proxy/watch"
	"github.com/diastole/diastole/wbxml/eas"
)

// waitedOn are the folders that a wait is about, as the device has them; nil where
// they are not known, or the server is to judge the request itself.
func (p *Proxy) waitedOn(a *ask) []check.Folder {
	if a.kind == kindSync {
		return p.syncedFolders(a)
	}
	var folders []check.Folder
	for _, named := range a.named {
		folder := check.Folder{ID: named.ID, Class: p.className(a.device, named.ID, named.Class), FilterType: -1}
		if has, known := p.memory.Collection(a.device, named.ID); known {
			folder.SyncKey, folder.FilterType = has.SyncKey, has.FilterType
		}
		folders = append(folders, folder)
	}
	return folders
}

// syncedFolders are those of a hanging Sync that only asks: one that brings something,
// flags too, has to go up, and so has one whose keys are not those that the server
// handed out last.
func (p *Proxy) syncedFolders(a *ask) []check.Folder {
	if a.sync == nil || a.sync.Partial || a.sync.Truncated {
		return nil
	}
	var folders []check.Folder
	for _, c := range a.sync.Collections {
		has, known := p.memory.Collection(a.device, c.ID)
		if c.Commands || !c.GetChanges || !known || has.SyncKey != c.SyncKey {
			return nil
		}
		if c.FilterType >= 0 && c.FilterType != has.FilterType {
			return nil // another window is a change
		}
		folders = append(folders, check.Folder{
			ID: c.ID, Class: p.className(a.device, c.ID, c.Class), SyncKey: c.SyncKey, FilterType: has.FilterType,
		})
	}
	return folders
}

// className is a folder's class (MS-ASCMD 2.2.3.27): as the device says, or as the
// folder's type has it. A Ping must name it, and Syncs since 14.0 do not.
func (p *Proxy) className(d watch.Device, id, said string) string {
	told, known := p.memory.Folder(d, id)
	switch {
	case said != "" || !known:
		return said
	case holdsMail(told.Type):
		return "Email"
	}
	return classes[told.Type]
}

var classes = map[eas.FolderType]string{
	eas.FolderCalendar: "Calendar", eas.FolderUserCalendar: "Calendar",
	eas.FolderContacts: "Contacts", eas.FolderUserContacts: "Contacts",
	eas.FolderTasks: "Tasks", eas.FolderUserTasks: "Tasks",
	eas.FolderNotes: "Notes", eas.FolderUserNotes: "Notes",
}

// mailbox is whose changes are to be listened for.
func (p *Proxy) mailbox(r *http.Request, d watch.Device, folders []check.Folder) *Mailbox {
	m := &Mailbox{User: d.Principal}
	if user, password, ok := r.BasicAuth(); ok {
		m.User, m.Password = user, password
	}
	for _, f := range folders {
		told, known := p.memory.Folder(d, f.ID)
		switch {
		case known && told.Type == eas.FolderInbox:
			m.Inbox = true
		case known && holdsMail(told.Type), !known && f.Class == "Email":
			m.Mail = true
			m.Inbox = m.Inbox || !known // it may be
		case !known && f.Class == "": // it may be anything
			m.Inbox, m.Mail, m.Other = true, true, true
		default:
			m.Other = true
		}
	}
	return m
}

func holdsMail(t eas.FolderType) bool {
	switch t {
	case eas.FolderInbox, eas.FolderDrafts, eas.FolderDeletedItems, eas.FolderSentItems, eas.FolderOutbox, eas.FolderUserMail:
		return true
	}
	return false
}
