package e2e

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"time"
)

// hears takes the answer to a Ping and does what a phone does then.
func (d *device) hears(a answer, r *rand.Rand) {
	doc := a.doc(d.t)
	switch status := doc.get("Ping:Status"); status {
	case "1":
	case "2":
		named := doc.all("Ping:Folder")
		var of []*box
		for _, b := range d.boxes {
			if slices.Contains(named, b.id) {
				of = append(of, b)
			}
		}
		d.wasTold(of, a, r)
	default:
		d.t.Errorf("%s: Ping Status %s: %v", d.user, status, doc)
		time.Sleep(time.Second)
	}
}

// brought takes the answer to a Sync that hung: what it names has changed, or it is empty.
func (d *device) brought(a answer, r *rand.Rand) {
	if len(a.body) == 0 {
		return
	}
	d.owner.mu.Lock()
	of := d.take(a.doc(d.t))
	d.owner.mu.Unlock()
	if len(of) > 0 {
		d.wasTold(of, a, r)
	}
}

// wasTold compares with what is true, and syncs.
func (d *device) wasTold(of []*box, a answer, r *rand.Rand) {
	d.owner.mu.Lock()
	defer d.owner.mu.Unlock()
	s := d.owner.soak
	s.mu.Lock()
	for _, b := range of {
		crossed := time.Since(d.crossed) < 2*time.Second // the Sync and the answer have met on their ways
		if b.changed.IsZero() && !crossed {
			s.falsely = append(s.falsely, fmt.Sprintf("%s, %s: %s at %s", d.user, d.device, b.name, time.Now().Format("15:04:05.000")))
		}
		if !b.changed.IsZero() {
			since := b.changed
			if d.waiting.After(since) {
				since = d.waiting
			}
			s.slowest = max(s.slowest, time.Since(since))
		}
		s.told++
	}
	s.mu.Unlock()
	if r.IntN(8) == 0 {
		d.loses(of)
	}
	d.syncs(of)
	d.waiting = time.Time{}
}

// looks is a Sync of everything while it waits.
func (d *device) looks(ctx context.Context) {
	d.owner.mu.Lock()
	defer d.owner.mu.Unlock()
	if ctx.Err() == nil && !d.hangs {
		d.syncs(d.boxes)
		d.crossed = time.Now()
	}
}

// loses sends a Sync whose answer never arrives; the phone will repeat it.
func (d *device) loses(of []*box) {
	ctx, cancel := context.WithTimeout(d.owner.soak.t.Context(), 20*time.Millisecond)
	defer cancel()
	request, err := d.request(ctx, "POST", d.query("Sync").Encode(), d.syncRequest(of).encode(), http.Header{"Content-Type": {wbxmlType}})
	if err == nil {
		_, _ = d.do(request) // whether it came or not: it is not looked at
	}
	time.Sleep(300 * time.Millisecond) // SOGo does not take two at once
}

// syncs syncs folders until nothing more comes. The owner's mu is held, so nothing
// changes meanwhile: afterwards nothing is pending.
func (d *device) syncs(of []*box) {
	for range 20 {
		doc := d.send("Sync", d.syncRequest(of)).doc(d.t)
		if more := d.take(doc); len(more) == 0 {
			for _, b := range of {
				b.changed, b.late = time.Time{}, false
				if b.name == calendar {
					d.owner.synced = time.Now()
				}
			}
			return
		}
	}
	d.t.Errorf("%s: the Sync does not end", d.user)
}

// take keeps the keys of an answer and gives the folders that it brought something in.
func (d *device) take(doc *element) (brought []*box) {
	if doc == nil {
		return nil
	}
	for _, b := range d.boxes {
		c := doc.collection(b.id)
		if c == nil {
			continue
		}
		if status := c.get("AirSync:Status"); status != "" && status != "1" {
			d.t.Errorf("%s: Sync of %s: Status %s", d.user, b.name, status)
		}
		first := b.key == "0"
		if key := c.get("AirSync:SyncKey"); key != "" {
			b.key = key
		}
		if first || c.find("AirSync:Commands") != nil {
			brought = append(brought, b)
		}
	}
	return brought
}

// collection is the part of a Sync's answer about one folder.
func (e *element) collection(id string) *element {
	if e.name == "AirSync:Collection" && e.get("AirSync:CollectionId") == id {
		return e
	}
	for _, child := range e.children {
		if found := child.collection(id); found != nil {
			return found
		}
	}
	return nil
}

func (d *device) pingAll() *element {
	folders := el("Ping:Folders")
	for _, b := range d.boxes {
		folders.children = append(folders.children, el("Ping:Folder", el("Ping:Id", b.id), el("Ping:Class", b.class)))
	}
	return el("Ping:Ping", el("Ping:HeartbeatInterval", "60"), folders)
}

func (d *device) syncRequest(of []*box, extra ...any) *element {
	collections := el("AirSync:Collections")
	for _, b := range of {
		c := el("AirSync:Collection", el("AirSync:SyncKey", b.key), el("AirSync:CollectionId", b.id))
		if b.key != "0" {
			c.children = append(c.children, el("AirSync:GetChanges", "1"), el("AirSync:WindowSize", "100"),
				el("AirSync:Options", el("AirSync:FilterType", "0")))
		}
		collections.children = append(collections.children, c)
	}
	return el("AirSync:Sync", append([]any{collections}, extra...)...)
}
