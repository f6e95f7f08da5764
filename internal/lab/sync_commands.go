package lab

import (
	"slices"
	"strconv"
	"time"
)

// carryOut does what the client changed (MS-ASCMD 2.2.3.32). The lock is held.
func (c *call) carryOut(r *round) {
	before := r.state.added // of the round before: its answer may have been lost, and the client says it again
	r.state.added = map[string]string{}
	for _, cmd := range r.ask.commands.kids {
		r.touched = true
		switch cmd.tag {
		case syncAdd:
			c.clientAdd(r, cmd, before)
		case syncChange:
			c.clientChange(r, cmd)
		case syncDelete:
			c.clientDelete(r, cmd)
		case syncFetch:
			c.clientFetch(r, cmd)
		}
	}
}

// result is one element of Responses.
func (r *round) result(as tag, status int, kids ...*node) {
	r.acted = true
	r.results = append(r.results, el(as, append(kids, leaf(syncStatus, strconv.Itoa(status)))...))
}

// clientAdd stores a new item. One whose ClientId was in the round before is the same one, sent again because the
// answer was lost: a second copy would be the fault that users call "everything twice".
func (c *call) clientAdd(r *round, cmd *node, before map[string]string) {
	clientID := cmd.value(syncClientID)
	data := cmd.child(syncData)
	if clientID == "" || data == nil || r.folder.class == "Email" {
		r.result(syncAdd, 6, leaf(syncClientID, clientID)) // 6: the item cannot be made
		return
	}
	it := r.folder.items[before[clientID]]
	if it == nil {
		it = r.folder.put(&item{data: data.kids, by: c.device, received: time.Now()}, c.box.next())
		c.box.wake()
	}
	r.state.added[clientID] = it.id
	r.base[it.id] = it.changed
	r.result(syncAdd, 1, leaf(syncClientID, clientID), leaf(syncServerID, it.id))
}

// clientChange changes an item. Success has no element in Responses (MS-ASCMD 2.2.3.154).
func (c *call) clientChange(r *round, cmd *node) {
	it, data := r.folder.items[cmd.value(syncServerID)], cmd.child(syncData)
	if it == nil || data == nil {
		r.result(syncChange, 8, leaf(syncServerID, cmd.value(syncServerID)))
		return
	}
	if !onlyFlags(data) {
		r.acted = true
	}
	for _, p := range data.kids {
		it.set(p)
	}
	it.changed = c.box.next()
	r.base[it.id] = it.changed // the device has it: it must not come back as news
}

// onlyFlags says whether a change touches nothing but marks on a mail.
func onlyFlags(data *node) bool {
	return !slices.ContainsFunc(data.kids, func(p *node) bool { return p.tag != emailRead && p.tag != emailFlag })
}

// clientDelete takes an item away, into Deleted Items unless DeletesAsMoves says no. Only a failure has an element in
// Responses.
func (c *call) clientDelete(r *round, cmd *node) {
	r.acted = true
	id := cmd.value(syncServerID)
	delete(r.base, id)
	it := r.folder.items[id]
	if it == nil {
		r.result(syncDelete, 8, leaf(syncServerID, id))
		return
	}
	r.folder.remove(it)
	trash := c.box.byID(trashID)
	if it.mail != nil && r.ask.toTrash && r.folder != trash {
		it.by = c.device
		trash.put(it, c.box.next())
	}
}

// clientFetch gives one item whole.
func (c *call) clientFetch(r *round, cmd *node) {
	id := cmd.value(syncServerID)
	it := r.folder.items[id]
	if it == nil {
		r.result(syncFetch, 8, leaf(syncServerID, id))
		return
	}
	r.acted = true
	r.results = append(r.results, el(syncFetch, leaf(syncServerID, id), leaf(syncStatus, "1"),
		el(syncData, it.properties(c.version(), false)...)))
}
