package lab

import (
	"slices"
	"strconv"
	"time"
)

// syncRequest is a Sync as the server works on it, after what a partial or empty one takes from the last.
type syncRequest struct {
	collections []syncAsk
	hold        time.Duration // how long to hang, 0 = not
	window      int           // over all collections, 0 = none given
}

// syncAsk is what is asked of one collection.
type syncAsk struct {
	id, class, key string
	filter         int // -1 = as before
	window         int
	changes        bool  // GetChanges
	toTrash        bool  // DeletesAsMoves
	commands       *node // nil without
}

const (
	windowDefault = 100 // MS-ASCMD 2.2.3.199
	windowMost    = 512
)

// syncStatusError is a Sync that ends with a status of the whole command.
type syncStatusError struct {
	status int
	limit  int // with 14 and 15
}

// readSync makes the request complete. refusal is nil if it is.
func (c *call) readSync() (q *syncRequest, refusal *syncStatusError) {
	c.server.mu.Lock()
	last := c.device.sync
	c.server.mu.Unlock()
	if c.doc == nil {
		if last == nil {
			return nil, &syncStatusError{status: 13} // empty, and nothing is cached: MS-ASCMD 2.2.3.177.17
		}
		return last, nil
	}
	partial := c.doc.child(syncPartial) != nil
	if partial && last == nil {
		return nil, &syncStatusError{status: 13}
	}
	q = &syncRequest{}
	for _, n := range c.doc.child(syncCollections).all(syncCollection) {
		q.collections = append(q.collections, readAsk(n))
	}
	if refusal = c.readHold(q); refusal != nil {
		return nil, refusal
	}
	q.window, _ = strconv.Atoi(c.doc.value(syncWindowSize))
	if partial {
		q.fill(last, c.doc)
	}
	switch most := c.server.cfg.MaxFolders; {
	case len(q.collections) == 0:
		return nil, &syncStatusError{status: 4}
	case len(q.collections) > most:
		return nil, &syncStatusError{status: 15, limit: most}
	}
	return q, nil
}

// fill takes from the last request what a partial one left out (MS-ASCMD 2.2.3.131).
func (q *syncRequest) fill(last *syncRequest, doc *node) {
	for _, old := range last.collections {
		if !slices.ContainsFunc(q.collections, func(a syncAsk) bool { return a.id == old.id }) {
			q.collections = append(q.collections, old)
		}
	}
	if doc.child(syncWait) == nil && doc.child(syncHeartbeat) == nil {
		q.hold = last.hold
	}
	if doc.child(syncWindowSize) == nil {
		q.window = last.window
	}
}

// readHold reads Wait (minutes) or HeartbeatInterval (seconds); a value out of range gets the nearest limit in the
// unit that was sent (MS-ASCMD 2.2.3.97).
func (c *call) readHold(q *syncRequest) *syncStatusError {
	least, most := c.server.cfg.MinHeartbeat, c.server.cfg.MaxHeartbeat
	wait, interval := c.doc.child(syncWait), c.doc.child(syncHeartbeat)
	asked, unit := interval, time.Second
	switch {
	case wait != nil && interval != nil:
		return &syncStatusError{status: 4}
	case wait != nil:
		asked, unit = wait, time.Minute
	case interval == nil:
		return nil
	}
	n, err := strconv.Atoi(string(asked.text))
	if err != nil {
		return &syncStatusError{status: 4}
	}
	low, high := max(int(least/unit), 1), int(most/unit)
	if n < low || n > high {
		return &syncStatusError{status: 14, limit: min(max(n, low), high)}
	}
	q.hold = time.Duration(n) * unit
	return nil
}

func readAsk(n *node) syncAsk {
	a := syncAsk{id: n.value(syncCollectionID), class: n.value(syncClass), key: n.value(syncKey),
		filter: -1, window: windowDefault, commands: n.child(syncCommands)}
	if v, err := strconv.Atoi(n.value(syncOptions, syncFilterType)); err == nil {
		a.filter = v
	}
	if v, err := strconv.Atoi(n.value(syncWindowSize)); err == nil {
		a.window = v
	}
	if a.window <= 0 || a.window > windowMost {
		a.window = windowMost
	}
	// Without the element changes are wanted, and an empty element is a yes (MS-ASCMD 2.2.3.84).
	a.changes = a.key != "0" && n.value(syncGetChanges) != "0"
	a.toTrash = n.value(syncDeletesMove) != "0" // without the element too (MS-ASCMD 2.2.3.43)
	return a
}

// cache keeps the request for empty and partial ones, without what the client changed: that is done once.
func (c *call) cache(q *syncRequest) {
	kept := *q
	kept.collections = slices.Clone(q.collections)
	for i := range kept.collections {
		kept.collections[i].commands = nil
	}
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	c.device.sync = &kept
}
