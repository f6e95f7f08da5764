package eas

import (
	"math"
	"strings"
	"time"
)

// SyncRequest is what of a Sync request decides about waiting and about the
// state of the device (MS-ASCMD 2.2.1.21). The items themselves are not kept.
type SyncRequest struct {
	// Empty means a request without a body: the server repeats the last full
	// one, its Wait and HeartbeatInterval included (MS-ASCMD 2.2.1.21.1).
	Empty bool

	// Wait in minutes (MS-ASCMD 2.2.3.198, 12.1 and up) and Interval, the
	// HeartbeatInterval in seconds (MS-ASCMD 2.2.3.88.2, 14.0 and up):
	// -1 if absent, 0 if there but not a positive decimal number.
	Wait, Interval int

	Partial     bool // collections that are not listed come from the server's cache (MS-ASCMD 2.2.3.131)
	WindowSize  int  // of the whole request; 0 if absent
	Collections []SyncCollection
	Truncated   bool // not all collections are listed here: there were too many, or their texts too long
}

// SyncCollection is one folder of a Sync request (MS-ASCMD 2.2.3.29.2).
type SyncCollection struct {
	ID      string // CollectionId
	Class   string // below Collection up to 12.1, in Options since 14.0; "" if absent
	SyncKey string // "0" for the first Sync

	// FilterType is the time window, -1 if absent (MS-ASCMD 2.2.3.68.2). Of
	// two Options that of the folder's own class counts, not the one for SMS.
	FilterType int

	GetChanges bool // the server's changes are wanted, with the default of MS-ASCMD 2.2.3.84 applied
	Commands   bool // has Commands with anything in them, flags too: it changes the mailbox itself (MS-ASCMD 2.2.3.32)
	Changes    bool // has Commands that are more than changes of flags: the server should answer at once (MS-ASCMD 3.1.5.4)
}

// Hold is how long the request asks the server to wait, 0 if it does not ask,
// or not in a way that is allowed. Both elements together are an error that
// the server answers with Status 4 (MS-ASCMD 2.2.3.198). Which values are in
// range is the server's business too; it answers Status 14 to the others.
// A request that carries changes is answered at once all the same.
func (r *SyncRequest) Hold() time.Duration {
	switch {
	case r.Wait >= 0 && r.Interval >= 0:
		return 0
	case r.Wait > 0:
		return time.Duration(min(r.Wait, math.MaxInt32/60)) * time.Minute // more would overflow into the past
	case r.Interval > 0:
		return time.Duration(r.Interval) * time.Second
	}
	return 0
}

// Changes tells whether any collection carries more than changes of flags.
func (r *SyncRequest) Changes() bool {
	for _, c := range r.Collections {
		if c.Changes {
			return true
		}
	}
	return false
}

// ParseSyncRequest reads a body that is in memory; see SyncRequestReader.
func ParseSyncRequest(body []byte) (SyncRequest, error) {
	var r SyncRequestReader
	r.Write(body)
	return r.Close()
}

// SyncRequestReader reads a Sync request as it streams by, attachments and
// all. The zero value is ready. It needs some kilobytes and what it keeps:
// at most 1,000 collections and 256 KiB of their texts, for a stream of any size.
type SyncRequestReader struct {
	stream  stream
	request SyncRequest
	store   store

	collection *SyncCollection // the one being read, nil outside or if it is not kept
	getChanges int             // -1 absent
	options    syncOptions
	chosen     bool // the Options that count were seen
}

// syncOptions is one Options of a collection (MS-ASCMD 2.2.3.125.6).
type syncOptions struct {
	class  string
	filter int
}

// Write takes the next bytes of the body, in pieces of any size. It never
// fails and never blocks; what went wrong comes out of Close.
func (r *SyncRequestReader) Write(p []byte) (int, error) {
	if !r.stream.begun {
		r.request = SyncRequest{Wait: -1, Interval: -1}
		r.stream.begin(airSync)
	}
	return r.stream.write(p, r), nil
}

// Done tells whether what is still to come cannot change the result: the
// document ended or cannot be read. Nothing more needs to be unpacked for it.
func (r *SyncRequestReader) Done() bool { return r.stream.done }

// Close says that the body is complete and gives what was found. With an
// error that is what was found before it.
func (r *SyncRequestReader) Close() (SyncRequest, error) {
	r.Write(nil)
	err := r.stream.close(r)
	r.request.Empty = r.stream.empty()
	r.request.Truncated = r.store.full
	return r.request, err
}

func (r *SyncRequestReader) start(path []tag) {
	switch {
	case len(path) == 2 && path[1] == airSyncPartial:
		r.request.Partial = true
	case len(path) == 3 && path[1] == airSyncCollections && path[2] == airSyncCollection:
		r.open()
	case r.collection == nil:
	case len(path) == 4 && path[3] == airSyncOptions:
		r.options = syncOptions{filter: -1}
	case len(path) > 4 && path[3] == airSyncCommands:
		r.collection.Commands = true
		r.collection.Changes = r.collection.Changes || moreThanFlags(path[4:])
	}
}

func (r *SyncRequestReader) open() {
	r.getChanges, r.chosen, r.collection = -1, false, nil
	if r.store.room(len(r.request.Collections)) {
		r.request.Collections = append(r.request.Collections, SyncCollection{FilterType: -1})
		r.collection = &r.request.Collections[len(r.request.Collections)-1]
	}
}

// moreThanFlags judges an element below Commands. Of a Change only what is
// within ApplicationData says what is changed; anything else but Email:Read
// and Email:Flag is more than a flag. Add, Delete and Fetch always are.
func moreThanFlags(path []tag) bool {
	if path[0] != airSyncChange {
		return len(path) == 1
	}
	return len(path) == 3 && path[1] == airSyncApplicationData && path[2] != emailRead && path[2] != emailFlag
}

func (r *SyncRequestReader) end(path []tag, l *leaf) {
	switch {
	case len(path) == 2:
		r.rootLeaf(path[1], l)
	case r.collection == nil:
	case len(path) == 3:
		r.closeCollection()
	case len(path) == 4:
		r.collectionLeaf(path[3], l)
	case len(path) == 5 && path[3] == airSyncOptions && path[4] == airSyncFilterType:
		r.options.filter = decimal(l.text)
	case len(path) == 5 && path[3] == airSyncOptions && path[4] == airSyncClass:
		r.options.class = r.store.text(l)
	}
}

func (r *SyncRequestReader) rootLeaf(t tag, l *leaf) {
	switch t {
	case airSyncWait:
		first(&r.request.Wait, -1, max(decimal(l.text), 0))
	case airSyncHeartbeatInterval:
		first(&r.request.Interval, -1, max(decimal(l.text), 0))
	case airSyncWindowSize:
		first(&r.request.WindowSize, 0, max(decimal(l.text), 0))
	}
}

func (r *SyncRequestReader) collectionLeaf(t tag, l *leaf) {
	switch t {
	case airSyncCollectionID:
		first(&r.collection.ID, "", r.store.text(l))
	case airSyncClass:
		first(&r.collection.Class, "", r.store.text(l))
	case airSyncSyncKey:
		first(&r.collection.SyncKey, "", r.store.text(l))
	case airSyncGetChanges:
		r.getChanges = 1 // empty means TRUE
		if string(l.text) == "0" {
			r.getChanges = 0
		}
	case airSyncOptions:
		r.choose()
	}
}

// choose takes the Options that stand for the folder's own class. There may be
// a second one for SMS, in either order (MS-ASCMD 2.2.3.125.6).
func (r *SyncRequestReader) choose() {
	if r.chosen || strings.EqualFold(r.options.class, "SMS") {
		return
	}
	r.chosen = true
	r.collection.FilterType = r.options.filter
	first(&r.collection.Class, "", r.options.class)
}

func (r *SyncRequestReader) closeCollection() {
	r.collection.GetChanges = r.getChanges == 1 ||
		r.getChanges < 0 && r.collection.SyncKey != "" && r.collection.SyncKey != "0"
	r.collection = nil
}
