package lab

import (
	"maps"
	"strconv"
)

// folderSync tells a device which folders there are (MS-ASCMD 2.2.1.5).
func (c *call) folderSync() *answer {
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	shown := c.doc.value(folderSyncKey)
	hierarchy := &c.device.folders
	have, known := hierarchy.open(shown)
	if shown == "" || !known {
		return statusOnly(commands["foldersync"], 9) // begin again with key 0 (MS-ASCMD 2.2.3.177.5)
	}
	changes, next := c.box.folderChanges(have)
	key := shown
	if shown == "0" || len(changes.kids) > 0 { // nothing changed: the key stays good
		key = hierarchy.commit(shown, have, next)
	}
	// The schema wants Count first, before the changes that it counts.
	changes.kids = append([]*node{leaf(folderCount, strconv.Itoa(len(changes.kids)))}, changes.kids...)
	return reply(el(folderSync, leaf(folderStatus, "1"), leaf(folderSyncKey, key), changes))
}

// folderChanges is what leads from the folders a device has to those there are.
func (b *mailbox) folderChanges(have map[string]uint64) (changes *node, next map[string]uint64) {
	changes, next = el(folderChanges), map[string]uint64{}
	for _, f := range b.folders {
		next[f.id] = f.changed
		version, has := have[f.id]
		switch {
		case !has:
			changes.add(f.describe(folderAdd))
		case version != f.changed:
			changes.add(f.describe(folderUpdate))
		}
	}
	for id := range maps.Keys(have) {
		if _, still := next[id]; !still {
			changes.add(el(folderDelete, leaf(folderServerID, id)))
		}
	}
	return changes, next
}

func (f *folder) describe(as tag) *node {
	parent := f.parent // "0" is the root of the mailbox (MS-ASCMD 2.2.1.5)
	if parent == "" {
		parent = "0"
	}
	return el(as, leaf(folderServerID, f.id), leaf(folderParentID, parent),
		leaf(folderName, f.name), leaf(folderType, strconv.Itoa(f.kind)))
}
