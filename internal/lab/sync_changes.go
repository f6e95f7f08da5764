package lab

import (
	"maps"
	"slices"
	"time"
)

// serverChanges is what leads from what a device has to what is in the folder, at most window of it: deletions
// first, then additions and changes by age. more says that some are left. The lock is held.
func (c *call) serverChanges(r *round, window int) (news []*node, next map[string]uint64, more bool) {
	next = copyOf(r.base)
	now := time.Now()
	for _, id := range slices.Sorted(maps.Keys(r.base)) {
		it := r.folder.items[id]
		if it != nil && it.eligible(r.state.filter, now) {
			continue
		}
		if len(news) >= window { // MoreAvailable (MS-ASCMD 2.2.1.21)
			return news, next, true
		}
		as := syncDelete
		if it != nil { // it is there, but has left the window of the FilterType
			as = syncSoftDelete
		}
		news = append(news, el(as, leaf(syncServerID, id)))
		delete(next, id)
	}
	for _, it := range r.folder.order {
		version, has := r.base[it.id]
		if !it.eligible(r.state.filter, now) || (has && version == it.changed) {
			continue
		}
		if len(news) >= window {
			return news, next, true
		}
		as := syncAdd
		if has { // it knows an older version of it
			as = syncChange
		}
		news = append(news, el(as, leaf(syncServerID, it.id), el(syncData, it.properties(c.version(), has)...)))
		next[it.id] = it.changed
	}
	return news, next, false
}
