package watch

import "github.com/diastole/diastole/wbxml/eas"

// sync takes in a Sync that the server has dealt with. The key that was asked with is
// what the device has, also where it is an old one: an answer was lost, and the device
// asks again. The key of the answer is what it has from now on.
func (s *state) sync(asked eas.SyncRequest, answer eas.SyncResponse) {
	set(s, &s.Hold, asked.Hold())
	refused := refusals(answer)
	if asked.Partial {
		s.comeListed(refused)
	} else { // a partial list is completed from the one before, 2.2.3.131
		set(s, &s.SyncFolders, len(asked.Collections))
		s.unlist(asked)
	}
	for _, c := range asked.Collections {
		if !refused[c.ID] {
			s.note(c.ID, entry{Collection{SyncKey: c.SyncKey, FilterType: s.filter(c)}, true})
			s.comes(c.ID)
		}
	}
	s.answered(answer)
}

// syncAgain takes in an empty Sync.
func (s *state) syncAgain(answer eas.SyncResponse) {
	s.comeListed(refusals(answer))
	s.answered(answer)
}

// unlist: a full Sync is about the folders that it names, and no others.
func (s *state) unlist(asked eas.SyncRequest) {
	named := make(map[string]bool, len(asked.Collections))
	for _, c := range asked.Collections {
		named[c.ID] = true
	}
	for id, e := range s.collections {
		if e.listed && !named[id] {
			e.listed = false
			s.note(id, e)
		}
	}
}

// comeListed: the device has come for all folders that the server lists by itself.
func (s *state) comeListed(refused map[string]bool) {
	for id := range s.told {
		if s.collections[id].listed && !refused[id] {
			s.comes(id)
		}
	}
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
			s.lose(c.ID)
		case ok && c.SyncKey != "" && c.Status <= eas.SyncSuccess:
			known.SyncKey = c.SyncKey
			s.note(c.ID, known)
		}
	}
}

// beginAnew: the server does not know the keys of a Sync, and says so for all of it.
func (s *state) beginAnew(asked eas.SyncRequest) {
	for _, c := range asked.Collections {
		s.lose(c.ID)
	}
	for id, e := range s.collections {
		if e.listed && asked.Partial {
			s.lose(id)
		}
	}
}

// lose forgets a folder's key: the device starts again from nothing (MS-ASCMD
// 2.2.3.177.17, Status 3), so that what it was told of it is no longer true either.
func (s *state) lose(id string) {
	s.drop(id)
	s.comes(id)
}
