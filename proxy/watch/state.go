package watch

import "github.com/diastole/diastole/wbxml/eas"

// Collection is one folder as the device has it.
type Collection struct {
	SyncKey    string // the last one the server handed out
	FilterType int    // that holds, MS-ASCMD 2.2.3.68.2; -1: none
}

// What one device may make us remember. Its further folders, and those with
// longer names, are simply not known. Ids and keys have up to 64 characters
// (MS-ASCMD 2.2.3.30.6), SOGo's some more.
const (
	maxCollections = 500
	maxText        = 256
)

// What a device and a folder cost beside their texts: map and list entries,
// string headers, the allocator's rounding.
const (
	deviceBytes     = 400
	collectionBytes = 100
)

// state is what is remembered of one device.
type state struct {
	Last
	collections map[string]Collection // by collection id
	bytes       int
}

func (s *state) sync(asked eas.SyncRequest, answer eas.SyncResponse) {
	s.Hold = asked.Hold()
	if !asked.Partial { // a partial list is completed from the one before, 2.2.3.131
		s.SyncFolders = len(asked.Collections)
	}
	refused := refusals(answer)
	for _, c := range asked.Collections {
		if !refused[c.ID] {
			s.note(c.ID, Collection{SyncKey: c.SyncKey, FilterType: s.filter(c)})
		}
	}
	s.answered(answer)
}

// filter is the one that holds for a folder from now on. Options are sticky: where
// a Sync has none, the ones before stay (2.2.3.125.6), until the folder begins anew.
func (s *state) filter(c eas.SyncCollection) int {
	known, ok := s.collections[c.ID]
	if c.FilterType < 0 && ok && c.SyncKey != "0" {
		return known.FilterType
	}
	return c.FilterType
}

// refusals are the folders that the server did not accept as they were asked for.
func refusals(answer eas.SyncResponse) map[string]bool {
	var refused map[string]bool
	for _, c := range answer.Collections {
		if c.Status > eas.SyncSuccess {
			if refused == nil {
				refused = map[string]bool{}
			}
			refused[c.ID] = true
		}
	}
	return refused
}

func (s *state) answered(answer eas.SyncResponse) {
	for _, c := range answer.Collections {
		known, ok := s.collections[c.ID]
		switch {
		case c.Status == eas.SyncInvalidKey:
			s.drop(c.ID) // the device starts again from nothing
		case ok && c.SyncKey != "" && c.Status <= eas.SyncSuccess:
			known.SyncKey = c.SyncKey
			s.note(c.ID, known)
		}
	}
}

func (s *state) note(id string, c Collection) {
	_, known := s.collections[id]
	if !known && len(s.collections) >= maxCollections || id == "" || len(id) > maxText {
		return
	}
	s.drop(id)
	if len(c.SyncKey) > maxText {
		return // the old key is no longer true, and the new one is none
	}
	if s.collections == nil {
		s.collections = map[string]Collection{}
	}
	s.collections[id] = c
	s.bytes += cost(id, c)
}

func (s *state) drop(id string) {
	if c, known := s.collections[id]; known {
		s.bytes -= cost(id, c)
		delete(s.collections, id)
	}
}

func cost(id string, c Collection) int { return collectionBytes + len(id) + len(c.SyncKey) }
