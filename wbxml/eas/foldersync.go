package eas

import "errors"

// FolderType says what a folder is for (MS-ASCMD 2.2.3.186.3).
type FolderType int

const (
	FolderGeneric        FolderType = 1
	FolderInbox          FolderType = 2
	FolderDrafts         FolderType = 3
	FolderDeletedItems   FolderType = 4
	FolderSentItems      FolderType = 5
	FolderOutbox         FolderType = 6
	FolderTasks          FolderType = 7
	FolderCalendar       FolderType = 8
	FolderContacts       FolderType = 9
	FolderNotes          FolderType = 10
	FolderJournal        FolderType = 11
	FolderUserMail       FolderType = 12
	FolderUserCalendar   FolderType = 13
	FolderUserContacts   FolderType = 14
	FolderUserTasks      FolderType = 15
	FolderUserJournal    FolderType = 16
	FolderUserNotes      FolderType = 17
	FolderUnknown        FolderType = 18
	FolderRecipientCache FolderType = 19 // "RI", since 14.0
)

// Folder is one folder of the hierarchy.
type Folder struct {
	ID       string // what Ping and Sync call it
	ParentID string // "0" for the top
	Name     string
	Type     FolderType
}

// FolderSyncRequest is the body of a FolderSync request (MS-ASCMD 2.2.1.5).
type FolderSyncRequest struct {
	SyncKey string // "0" for the whole hierarchy
}

// ParseFolderSyncRequest reads a request.
func ParseFolderSyncRequest(body []byte) (FolderSyncRequest, error) {
	var r FolderSyncRequest
	var w walker
	w.inMemory(body, folderSync, listLimits)
	err := w.run(&r)
	return r, err
}

func (r *FolderSyncRequest) start([]tag) {}

func (r *FolderSyncRequest) end(path []tag, l *leaf) {
	if len(path) == 2 && path[1] == folderSyncKey {
		first(&r.SyncKey, "", string(l.text))
	}
}

// Append appends the request.
func (r *FolderSyncRequest) Append(dst []byte) []byte {
	w := newWriter(dst)
	w.start(folderSync)
	w.leaf(folderSyncKey, r.SyncKey)
	w.end()
	return w.enc.Bytes()
}

// FolderSyncResponse is the body of a FolderSync response (MS-ASCMD 2.2.1.5).
type FolderSyncResponse struct {
	Status  FolderSyncStatus
	SyncKey string // for the next FolderSync
	Add     []Folder
	Update  []Folder // renamed or moved
	Delete  []string // ids
}

var errNoFolderStatus = errors.New("eas: the FolderSync response has no Status (MS-ASCMD 2.2.3.177.5)")

// ParseFolderSyncResponse reads a response.
func ParseFolderSyncResponse(body []byte) (FolderSyncResponse, error) {
	var r FolderSyncResponse
	var w walker
	w.inMemory(body, folderSync, listLimits)
	err := w.run(&r)
	if err == nil && r.Status == 0 {
		err = errNoFolderStatus
	}
	return r, err
}

func (r *FolderSyncResponse) start(path []tag) {
	if len(path) != 3 || path[1] != folderChanges {
		return
	}
	switch path[2] {
	case folderAdd:
		r.Add = append(r.Add, Folder{})
	case folderUpdate:
		r.Update = append(r.Update, Folder{})
	case folderDelete:
		r.Delete = append(r.Delete, "")
	}
}

func (r *FolderSyncResponse) end(path []tag, l *leaf) {
	switch {
	case len(path) == 2 && path[1] == folderStatus:
		first(&r.Status, 0, FolderSyncStatus(max(decimal(l.text), 0)))
	case len(path) == 2 && path[1] == folderSyncKey:
		first(&r.SyncKey, "", string(l.text))
	case len(path) != 4 || path[1] != folderChanges:
	case path[2] == folderAdd:
		r.Add[len(r.Add)-1].set(path[3], l)
	case path[2] == folderUpdate:
		r.Update[len(r.Update)-1].set(path[3], l)
	case path[2] == folderDelete && path[3] == folderServerID:
		first(&r.Delete[len(r.Delete)-1], "", string(l.text))
	}
}

func (f *Folder) set(t tag, l *leaf) {
	switch t {
	case folderServerID:
		first(&f.ID, "", string(l.text))
	case folderParentID:
		first(&f.ParentID, "", string(l.text))
	case folderDisplayName:
		first(&f.Name, "", string(l.text))
	case folderType:
		first(&f.Type, 0, FolderType(max(decimal(l.text), 0)))
	}
}

// Append appends the response, elements in the order of the schema (MS-ASCMD
// 6.15). Count is the number of all changes.
func (r *FolderSyncResponse) Append(dst []byte) []byte {
	w := newWriter(dst)
	w.start(folderSync)
	w.number(folderStatus, int(r.Status))
	if r.SyncKey != "" {
		w.leaf(folderSyncKey, r.SyncKey)
	}
	if r.Status == FolderSyncSuccess {
		r.writeChanges(w)
	}
	w.end()
	return w.enc.Bytes()
}

func (r *FolderSyncResponse) writeChanges(w *writer) {
	w.start(folderChanges)
	w.number(folderCount, len(r.Add)+len(r.Update)+len(r.Delete))
	for _, f := range r.Update {
		f.write(w, folderUpdate)
	}
	for _, id := range r.Delete {
		w.start(folderDelete)
		w.leaf(folderServerID, id)
		w.end()
	}
	for _, f := range r.Add {
		f.write(w, folderAdd)
	}
	w.end()
}

func (f *Folder) write(w *writer, as tag) {
	w.start(as)
	w.leaf(folderServerID, f.ID)
	w.leaf(folderParentID, f.ParentID)
	w.leaf(folderDisplayName, f.Name)
	w.number(folderType, int(f.Type))
	w.end()
}
