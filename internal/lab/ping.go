package lab

import (
	"slices"
	"strconv"
	"time"
)

// ping holds a device until something comes (MS-ASCMD 2.2.1.13, 3.1.5.8).
func (c *call) ping() *answer {
	asked, status := c.pingParameters()
	if status != 0 {
		return pingAnswer(status)
	}
	cfg := &c.server.cfg
	switch { // decided before any look at the mailbox, as Exchange and Z-Push do
	case asked.interval < cfg.MinHeartbeat:
		return pingAnswer(5, leaf(pingHeartbeat, seconds(cfg.MinHeartbeat)))
	case asked.interval > cfg.MaxHeartbeat:
		return pingAnswer(5, leaf(pingHeartbeat, seconds(cfg.MaxHeartbeat)))
	case len(asked.folders) > cfg.MaxFolders:
		return pingAnswer(6, leaf(pingMaxFolders, strconv.Itoa(cfg.MaxFolders)))
	}
	return c.holdPing(asked)
}

// holdPing waits and says how it ended.
func (c *call) holdPing(asked pingCache) *answer {
	var moved bool
	var news *node
	since := c.remember(asked)
	switch c.hold(asked.interval, func() bool {
		moved = c.hierarchyMoved(asked.folders)
		news = c.news(asked.folders, since)
		return moved || len(news.kids) > 0
	}) {
	case changed:
		if moved { // first: the ids of the changed folders may be those that are gone
			return pingAnswer(7)
		}
		return pingAnswer(2, news)
	case displaced:
		if c.server.cfg.Collision == CollideStatus3 {
			return pingAnswer(3)
		}
	}
	// timeOver, a server that stops (SOGo: Status 1 at once), and nobody there to read it
	return pingAnswer(1)
}

// pingAnswer is a Ping's answer in the order of the published schema.
func pingAnswer(status int, more ...*node) *answer {
	return reply(el(pingRoot, leaf(pingStatus, strconv.Itoa(status))).add(more...))
}

// pingParameters takes what the request says and fills the rest from the last one. status is 0 when it is complete.
func (c *call) pingParameters() (p pingCache, status int) {
	c.server.mu.Lock()
	p = c.device.ping
	c.server.mu.Unlock()
	if c.doc != nil {
		if len(c.doc.kids) == 0 {
			return p, 4 // at least one child must be there: MS-ASCMD 2.2.1.13
		}
		if !c.readInterval(&p) || !c.readFolders(&p) {
			return p, 4
		}
	}
	if p.interval == 0 || len(p.folders) == 0 {
		return p, 3 // something is missing that was never said: send it all
	}
	return p, 0
}

// readInterval is false for a document the schema does not allow.
func (c *call) readInterval(p *pingCache) bool {
	given := c.doc.all(pingHeartbeat)
	if len(given) == 0 {
		return true
	}
	n, err := strconv.Atoi(c.doc.value(pingHeartbeat))
	if err != nil || len(given) > 1 {
		return false
	}
	// A day is more than any server takes, and a number of seconds that overflows would be read as a short one.
	p.interval = time.Duration(min(max(n, -1), 86400)) * time.Second
	if n == 0 {
		p.interval = -1 // out of range, not missing
	}
	return true
}

func (c *call) readFolders(p *pingCache) bool {
	lists := c.doc.all(pingFolders)
	if len(lists) == 0 {
		return true
	}
	if len(lists) > 1 || len(lists[0].kids) == 0 {
		return false
	}
	p.folders = nil
	for _, f := range lists[0].all(pingFolder) {
		e := pingEntry{f.value(pingID), f.value(pingClass)}
		if e.id == "" || !slices.Contains(pingClasses, e.class) {
			return false
		}
		if !slices.Contains(p.folders, e) && len(p.folders) <= c.server.cfg.MaxFolders { // one more than allowed is enough to refuse
			p.folders = append(p.folders, e)
		}
	}
	return true
}

// pingClasses are those of MS-ASCMD 2.2.3.27.4.
var pingClasses = []string{"Email", "Calendar", "Contacts", "Tasks", "Notes"}

// remember caches both values for the Pings to come and gives the mailbox's count of now.
func (c *call) remember(p pingCache) uint64 {
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	c.device.ping = p
	return c.box.count
}

// hierarchyMoved says whether the device must ask for the folders again. The lock is held.
func (c *call) hierarchyMoved(watched []pingEntry) bool {
	for _, e := range watched {
		if c.box.byID(e.id) == nil {
			return true
		}
	}
	return c.device.hierarchyMoved(c.box)
}

// news lists the watched folders with something new. The lock is held.
func (c *call) news(watched []pingEntry, since uint64) *node {
	found, now := el(pingFolders), time.Now()
	for _, e := range watched {
		if f := c.box.byID(e.id); f != nil && c.device.pending(f, since, now) {
			found.add(leaf(pingFolder, e.id))
		}
	}
	return found
}
