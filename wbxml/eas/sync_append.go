package eas

import "strings"

// since14 tells whether a protocol version has the layout of 14.0 and up,
// where the class of a folder stands within Options and not beside them.
// A version that is not known is taken for a new one.
func since14(version string) bool {
	major, _, _ := strings.Cut(version, ".")
	n := decimal([]byte(major))
	return n < 0 || n >= 14
}

// Append appends the request in the layout of a protocol version. Wait, Interval and WindowSize are
// written if they are positive, a FilterType if it is not negative. With Empty
// nothing is appended.
func (r *SyncRequest) Append(dst []byte, version string) []byte {
	if r.Empty {
		return dst
	}
	w := newWriter(dst)
	w.start(airSync)
	if len(r.Collections) > 0 {
		w.start(airSyncCollections)
		for i := range r.Collections {
			r.Collections[i].write(w, since14(version))
		}
		w.end()
	}
	w.positive(airSyncWait, r.Wait)
	w.positive(airSyncHeartbeatInterval, r.Interval)
	w.positive(airSyncWindowSize, r.WindowSize)
	if r.Partial {
		w.empty(airSyncPartial)
	}
	w.end()
	return w.enc.Bytes()
}

func (c *SyncCollection) write(w *writer, since14 bool) {
	w.start(airSyncCollection)
	if !since14 && c.Class != "" {
		w.leaf(airSyncClass, c.Class)
	}
	w.leaf(airSyncSyncKey, c.SyncKey)
	w.leaf(airSyncCollectionID, c.ID)
	c.writeGetChanges(w)
	if since14 {
		writeOptions(w, c.FilterType, c.Class)
	} else {
		writeOptions(w, c.FilterType, "")
	}
	w.end()
}

// writeGetChanges writes what differs from the default of MS-ASCMD 2.2.3.84.
func (c *SyncCollection) writeGetChanges(w *writer) {
	switch first := c.SyncKey == "0"; {
	case first && c.GetChanges:
		w.leaf(airSyncGetChanges, "1")
	case !first && !c.GetChanges:
		w.leaf(airSyncGetChanges, "0")
	}
}

// writeOptions writes Options with what there is; an empty one is not allowed.
func writeOptions(w *writer, filter int, class string) {
	if filter < 0 && class == "" {
		return
	}
	w.start(airSyncOptions)
	if filter >= 0 {
		w.number(airSyncFilterType, filter)
	}
	if class != "" {
		w.leaf(airSyncClass, class)
	}
	w.end()
}

// Append appends the response, without items: what a server says that has
// nothing new, or that refuses (Status 14 and 15 with Limit). With Empty
// nothing is appended.
func (r *SyncResponse) Append(dst []byte) []byte {
	if r.Empty {
		return dst
	}
	w := newWriter(dst)
	w.start(airSync)
	w.positive(airSyncStatus, int(r.Status))
	w.positive(airSyncLimit, r.Limit)
	if len(r.Collections) > 0 {
		w.start(airSyncCollections)
		for i := range r.Collections {
			r.Collections[i].write(w)
		}
		w.end()
	}
	w.end()
	return w.enc.Bytes()
}

func (a *SyncAnswer) write(w *writer) {
	w.start(airSyncCollection)
	if a.SyncKey != "" {
		w.leaf(airSyncSyncKey, a.SyncKey)
	}
	w.leaf(airSyncCollectionID, a.ID)
	w.positive(airSyncStatus, int(a.Status))
	if a.MoreAvailable {
		w.empty(airSyncMoreAvailable)
	}
	w.end()
}
