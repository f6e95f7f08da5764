package lab

import (
	"slices"
	"strconv"
	"time"
)

// round is one collection on its way through a Sync.
type round struct {
	ask     syncAsk
	folder  *folder
	state   *collection
	have    map[string]uint64 // what the device has, by the key it showed
	base    map[string]uint64 // and with what it changed itself in this request
	next    map[string]uint64 // and with the changes of this answer
	status  int
	touched bool    // the client sent commands: the key must move
	acted   bool    // among them one that is more than a flag
	results []*node // of those commands
	news    []*node // the server's changes
	more    bool
}

// sync is MS-ASCMD 2.2.1.21: the client's changes up, the server's down, and if there are none, hold.
func (c *call) sync() *answer {
	q, refusal := c.readSync()
	if refusal != nil {
		a := el(syncRoot, leaf(syncStatus, strconv.Itoa(refusal.status)))
		if refusal.limit > 0 {
			a.add(leaf(syncLimit, strconv.Itoa(refusal.limit)))
		}
		return reply(a)
	}
	c.cache(q)
	c.server.mu.Lock()
	c.supersede()
	rounds := c.openRounds(q)
	urgent := c.collect(q, rounds)
	c.server.mu.Unlock()
	if q.hold > 0 && !urgent {
		if a := c.hang(q, rounds); a != nil {
			return a
		}
	}
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	return c.close(rounds)
}

// hang holds the Sync until an item is added (MS-ASCMD 3.1.5.4). A nil answer is to be made of the rounds.
func (c *call) hang(q *syncRequest, rounds []*round) *answer {
	moved := false
	switch c.hold(q.hold, func() bool {
		moved = c.device.hierarchyMoved(c.box)
		return moved || (slices.ContainsFunc(rounds, c.expects) && c.collect(q, rounds))
	}) {
	case timeOver:
		return nil
	case changed:
		if !moved {
			return nil
		}
		return statusOnly(commands["sync"], 12)
	case displaced:
		if c.server.cfg.Collision == CollideStatus1 {
			return statusOnly(commands["sync"], statusStateVersion)
		}
	}
	return empty() // nobody reads it, or what it read would be old: no key is handed out
}

// expects says whether something was added to this collection. The lock is held.
func (c *call) expects(r *round) bool {
	return c.device.pending(r.folder, 0, time.Now())
}

// openRounds checks each collection and carries out what the client changed. The lock is held.
func (c *call) openRounds(q *syncRequest) (rounds []*round) {
	for _, ask := range q.collections {
		r := &round{ask: ask, status: 1}
		rounds = append(rounds, r)
		if r.folder = c.box.byID(ask.id); r.folder == nil {
			r.status = 8 // no such collection
			continue
		}
		r.state = c.device.collection(r.folder)
		have, known := r.state.open(ask.key)
		switch {
		case ask.key == "":
			r.status = 4
		case !known:
			r.status = 3 // the device must begin again with key 0
		case ask.key == "0" && ask.commands != nil: // the first Sync may carry no changes
			r.status = 4
		}
		if r.status != 1 {
			continue
		}
		if ask.filter >= 0 { // without Options those of the last Sync hold
			r.state.filter = ask.filter
		}
		r.have, r.base = have, copyOf(have)
		r.next = r.base
		if ask.commands != nil {
			c.carryOut(r)
		}
	}
	return rounds
}

// collect looks what the server has for the device, and says whether it must be answered now. The lock is held.
func (c *call) collect(q *syncRequest, rounds []*round) (urgent bool) {
	left := q.window // over all collections (MS-ASCMD 2.2.3.199)
	if left <= 0 {
		left = windowMost
	}
	for _, r := range rounds {
		if r.status == 1 && r.ask.changes {
			r.news, r.next, r.more = c.serverChanges(r, min(r.ask.window, left))
			left -= len(r.news)
		}
		urgent = urgent || r.urgent()
	}
	return urgent
}

// urgent says whether this collection cannot wait. A change that is only a flag can (MS-ASCMD 3.1.5.4).
func (r *round) urgent() bool {
	return r.status != 1 || r.ask.key == "0" || r.acted || r.more || len(r.news) > 0 || len(r.results) > 0
}

// worth says whether the collection belongs into the answer.
func (r *round) worth() bool { return r.touched || r.urgent() }

// close hands out new keys and writes the answer. The lock is held.
func (c *call) close(rounds []*round) *answer {
	full := c.version() < 121 // an empty answer is not allowed before 12.1, an empty Collections crashed iOS
	list := el(syncCollections)
	for _, r := range rounds {
		if r.worth() || full {
			list.add(c.closeRound(r))
		}
	}
	if len(list.kids) == 0 {
		return empty()
	}
	return reply(el(syncRoot, list))
}

func (c *call) closeRound(r *round) *node {
	key := r.ask.key // stays where nothing was said: an empty answer must not make the device's key stale
	if r.status == 1 && r.worth() {
		if _, still := r.state.open(key); still {
			key = r.state.commit(key, r.have, r.next)
		} else { // while this one hung, another Sync of the device went on from there
			r.status, r.news, r.results, r.more = 3, nil, nil, false
		}
	}
	if r.status == 3 {
		key = "0"
	}
	n := el(syncCollection)
	if c.version() < 121 && r.folder != nil { // Class stands in answers up to 12.0 (MS-ASCMD 2.2.3.27.6)
		n.add(leaf(syncClass, r.folder.class))
	}
	n.add(leaf(syncKey, key), leaf(syncCollectionID, r.ask.id), leaf(syncStatus, strconv.Itoa(r.status)))
	if r.more {
		n.add(el(syncMoreAvailable))
	}
	if len(r.news) > 0 {
		n.add(el(syncCommands, r.news...))
	}
	if len(r.results) > 0 {
		n.add(el(syncResponses, r.results...))
	}
	return n
}
