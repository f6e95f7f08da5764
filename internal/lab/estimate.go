package lab

import (
	"strconv"
)

// estimate counts what a Sync would bring, and changes nothing (MS-ASCMD 2.2.1.9). It takes the form of 12.1, where
// FilterType stands in the collection, and that of 14.x, where it stands in Options.
func (c *call) estimate() *answer {
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	root := el(estimateRoot)
	for _, n := range c.doc.child(estimateCollections).all(estimateCollection) {
		root.add(c.estimateOne(n))
	}
	if len(root.kids) == 0 {
		return statusOnly(commands["getitemestimate"], 103)
	}
	return reply(root)
}

func (c *call) estimateOne(n *node) *node {
	id, key := n.value(estimateCollectionID), n.value(syncKey)
	f := c.box.byID(id)
	status, count := 1, 0
	switch {
	case f == nil:
		status = 2 // no such collection
	case key == "" || key == "0":
		status = 3 // not yet synced
	default:
		status, count = c.count(f, key, n)
	}
	r := el(estimateResponse, leaf(estimateStatus, strconv.Itoa(status)))
	if status == 1 {
		r.add(el(estimateCollection, leaf(estimateCollectionID, id), leaf(estimateCount, strconv.Itoa(count))))
	}
	return r
}

// count is what is between the device with that key and the folder.
func (c *call) count(f *folder, key string, n *node) (status, count int) {
	state := c.device.collections[f.id]
	if state == nil {
		return 3, 0
	}
	have, known := state.open(key)
	if !known {
		return 3, 0
	}
	seen := *state // the estimate's filter is not remembered
	for _, path := range [][]tag{{syncFilterType}, {syncOptions, syncFilterType}} {
		if v, err := strconv.Atoi(n.value(path...)); err == nil {
			seen.filter = v
		}
	}
	news, _, _ := c.serverChanges(&round{folder: f, state: &seen, base: have}, itemsPerFolder*2)
	return 1, len(news)
}
