package lab

import (
	"context"
	"strconv"
	"time"
)

// HangingSync waits with a Sync once. After an empty answer, what has not changed is not said again: an empty Sync.
func (p *Phone) HangingSync(ctx context.Context) error {
	w := p.begin()
	hold, asked := p.holdElement()
	list := el(syncCollections)
	for _, id := range p.watched() {
		list.add(p.ask(id))
	}
	doc := el(syncRoot, list, hold)
	text := string(doc.encode())
	if text == p.hung { // the server repeats its cached request, interval and all (MS-ASCMD 2.2.1.21.1)
		doc = nil
	}
	start := time.Now()
	root, err := p.command(ctx, send{command: "Sync", timeout: p.patience(asked)}, doc)
	w.Took = time.Since(start)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	p.hung = ""
	if root == nil && err == nil {
		p.hung = text
	}
	w.Status, _ = strconv.Atoi(root.value(syncStatus))
	event, limit := p.syncEvent(root, hold, err)
	if failed := p.end(w, event, limit, err); failed != nil || err != nil {
		return failed
	}
	return p.heed(root, w.Status)
}

// heed does what a hanging Sync's answer asks for (MS-ASCMD 2.2.3.177.17).
func (p *Phone) heed(root *node, status int) error {
	switch status {
	case 14: // the ladder has taken the limit
		return nil
	case 13, 16, statusStateVersion: // nothing cached, try again, displaced: say it all
		return p.again("Sync", status)
	case 12:
		p.hierarchy = "0"
		return nil
	}
	p.odd = 0
	_, err := p.take(root)
	return err
}

// holdElement is HeartbeatInterval, or before 14.0 Wait in whole minutes.
func (p *Phone) holdElement() (*node, time.Duration) {
	if p.version() >= 140 {
		return leaf(syncHeartbeat, seconds(p.wire())), p.wire()
	}
	minutes := max(p.wire()/time.Minute, 1)
	return leaf(syncWait, strconv.Itoa(int(minutes))), minutes * time.Minute
}

// syncEvent is what the end of a hanging Sync is to a ladder; the limit is that of a Status 14, in the unit asked.
func (p *Phone) syncEvent(root, hold *node, err error) (Event, time.Duration) {
	switch {
	case err != nil:
		return pingEvent(0, err), 0
	case root == nil: // 200 and no body: the hold is over and nothing came
		return Expired, 0
	case root.value(syncStatus) != "14":
		return Changed, 0
	}
	limit, _ := strconv.Atoi(root.value(syncLimit))
	if hold.tag == syncWait {
		return Refused, time.Duration(limit) * time.Minute
	}
	return Refused, time.Duration(limit) * time.Second
}
