package eas

// SyncResponse is what of a Sync response decides how a wait ended and what
// state the device has afterwards (MS-ASCMD 2.2.1.21).
type SyncResponse struct {
	// Empty means a response without a body: nothing has changed (MS-ASCMD 2.2.1.21.2).
	Empty bool

	Status      SyncStatus // of the whole, 0 if only the collections have one; see Overall
	Limit       int        // with Status 14 in the unit that was asked in, with 15 collections; 0 if absent (MS-ASCMD 2.2.3.97)
	Collections []SyncAnswer
	Truncated   bool // not all collections are listed here: there were too many, or their texts too long
}

// SyncAnswer is one folder of a Sync response (MS-ASCMD 2.2.3.29.2).
type SyncAnswer struct {
	ID            string
	SyncKey       string // the key for the next Sync; a request that failed has none
	Status        SyncStatus
	MoreAvailable bool
	Changes       bool // has Commands: items that are new, changed or gone
}

// Overall is the status of the whole: that of Sync if it has one, otherwise
// the first of a collection that is not a success, otherwise Success. It is 0
// for a body in which no status could be found.
func (r *SyncResponse) Overall() SyncStatus {
	if r.Status != 0 || r.Empty {
		return max(r.Status, SyncSuccess)
	}
	overall := SyncStatus(0)
	for _, c := range r.Collections {
		if c.Status > SyncSuccess {
			return c.Status
		}
		overall = max(overall, c.Status)
	}
	return overall
}

// Changed tells whether the server sent items, or has more of them.
func (r *SyncResponse) Changed() bool {
	for _, c := range r.Collections {
		if c.Changes || c.MoreAvailable {
			return true
		}
	}
	return false
}

// ParseSyncResponse reads a body that is in memory; see SyncResponseReader.
func ParseSyncResponse(body []byte) (SyncResponse, error) {
	var r SyncResponseReader
	r.Write(body)
	return r.Close()
}

// SyncResponseReader reads a Sync response as it streams by. The zero value is
// ready. Its memory is bounded as that of SyncRequestReader. It takes plain
// WBXML: unpack a gzipped answer before.
type SyncResponseReader struct {
	stream   stream
	response SyncResponse
	store    store
	answer   *SyncAnswer // the one being read, nil outside or if it is not kept
}

// Write takes the next bytes of the body, in pieces of any size. It never
// fails and never blocks; what went wrong comes out of Close.
func (r *SyncResponseReader) Write(p []byte) (int, error) {
	if !r.stream.begun {
		r.stream.begin(airSync)
	}
	return r.stream.write(p, r), nil
}

// Done tells whether what is still to come cannot change the result: the
// document ended or cannot be read. Nothing more needs to be unpacked for it.
func (r *SyncResponseReader) Done() bool { return r.stream.done }

// Close says that the body is complete and gives what was found. With an
// error that is what was found before it.
func (r *SyncResponseReader) Close() (SyncResponse, error) {
	err := r.stream.close(r)
	r.response.Empty = r.stream.empty()
	r.response.Truncated = r.store.full
	return r.response, err
}

func (r *SyncResponseReader) start(path []tag) {
	switch {
	case len(path) == 3 && path[1] == airSyncCollections && path[2] == airSyncCollection:
		r.open()
	case r.answer == nil:
	case len(path) == 4 && path[3] == airSyncMoreAvailable:
		r.answer.MoreAvailable = true
	case len(path) == 5 && path[3] == airSyncCommands:
		r.answer.Changes = true
	}
}

func (r *SyncResponseReader) open() {
	r.answer = nil
	if r.store.room(len(r.response.Collections)) {
		r.response.Collections = append(r.response.Collections, SyncAnswer{})
		r.answer = &r.response.Collections[len(r.response.Collections)-1]
	}
}

func (r *SyncResponseReader) end(path []tag, l *leaf) {
	switch {
	case len(path) == 2 && path[1] == airSyncStatus:
		first(&r.response.Status, 0, SyncStatus(max(decimal(l.text), 0)))
	case len(path) == 2 && path[1] == airSyncLimit:
		first(&r.response.Limit, 0, max(decimal(l.text), 0))
	case r.answer == nil:
	case len(path) == 3:
		r.answer = nil
	case len(path) == 4:
		r.collectionLeaf(path[3], l)
	}
}

func (r *SyncResponseReader) collectionLeaf(t tag, l *leaf) {
	switch t {
	case airSyncCollectionID:
		first(&r.answer.ID, "", r.store.text(l))
	case airSyncSyncKey:
		first(&r.answer.SyncKey, "", r.store.text(l))
	case airSyncStatus:
		first(&r.answer.Status, 0, SyncStatus(max(decimal(l.text), 0)))
	}
}
