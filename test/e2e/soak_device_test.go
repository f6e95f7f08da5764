package e2e

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"time"
)

// A device is a phone of the soak that waits on several folders.
type device struct {
	*phone
	owner *owner
	hangs bool // it waits with Sync instead of Ping
	boxes []*box

	// Guarded by the owner's mu.
	waiting time.Time // since when it has waited without a break
	crossed time.Time // when it last synced while it waited
}

// A box is a folder as the device has it.
type box struct {
	id, class string
	name      string // as the owner changes it
	key       string
	changed   time.Time // the first change since the last Sync; zero: none
	late      bool      // was noted as lost
}

// newDevice has a phone with the inbox and two more folders, synced.
func newDevice(o *owner, id string, hangs bool) *device {
	t := o.soak.t
	t.Helper()
	d := &device{phone: newPhone(t, o.soak.edge.door(), o.name, id), owner: o, hangs: hangs}
	folders := d.send("FolderSync", el("FolderHierarchy:FolderSync", el("FolderHierarchy:SyncKey", "0"))).doc(t)
	kinds := map[string]box{ // MS-ASCMD 2.2.3.186.3
		"2": {class: "Email", name: "INBOX"}, "4": {class: "Email", name: "Trash"}, "5": {class: "Email", name: "Sent"}}
	if o.calendar {
		kinds["8"] = box{class: "Calendar", name: calendar}
	}
	for _, add := range folders.find("FolderHierarchy:Changes").children {
		if kind, wanted := kinds[add.get("FolderHierarchy:Type")]; wanted {
			kind.id, kind.key = add.get("FolderHierarchy:ServerId"), "0"
			d.boxes = append(d.boxes, &kind)
		}
	}
	if len(d.boxes) != len(kinds) {
		t.Fatalf("%s has %d of %d folders", o.name, len(d.boxes), len(kinds))
	}
	d.syncs(d.boxes)
	return d
}

// note writes down that something has changed in folders.
func (d *device) note(folders []string) {
	for _, b := range d.boxes {
		if slices.Contains(folders, b.name) && b.changed.IsZero() {
			b.changed = time.Now()
		}
	}
}

// pending counts changes that wait for a Sync, and notes those that the device should
// have been told of: it has waited for so long.
func (d *device) pending() (n int) {
	for _, b := range d.boxes {
		if b.changed.IsZero() {
			continue
		}
		n++
		since := b.changed
		if d.waiting.After(since) {
			since = d.waiting
		}
		if !d.waiting.IsZero() && !b.late && time.Since(since) > soakLimit {
			b.late = true
			if d.same(b) {
				b.changed = time.Time{}
				n--
				continue
			}
			d.owner.soak.mu.Lock()
			d.owner.soak.lost = append(d.owner.soak.lost, fmt.Sprintf("%s, %s: %s of %s", d.owner.name, d.device, b.name, b.changed.Format(time.TimeOnly)))
			d.owner.soak.mu.Unlock()
		}
	}
	return n
}

// same tells whether a folder is as the device has it, after all: a mail that came was
// gone again before anybody asked. The server's own Sync says so; the owner's mu is held.
func (d *device) same(b *box) bool {
	return len(d.take(d.send("Sync", d.syncRequest([]*box{b})).doc(d.t))) == 0
}

// live waits, is told, and syncs, until the end.
func (d *device) live(end <-chan struct{}, r *rand.Rand) {
	ctx, cancel := context.WithCancel(d.owner.soak.t.Context())
	defer cancel()
	go func() {
		select {
		case <-end:
			cancel()
		case <-ctx.Done():
		}
	}()
	for ctx.Err() == nil {
		waiting, leave := ctx, func() {}
		switch r.IntN(6) {
		case 0: // it is elsewhere soon, and whatever is said meanwhile is lost
			waiting, leave = context.WithTimeout(ctx, time.Duration(r.IntN(8000))*time.Millisecond)
		case 1: // somebody looks into his mail while it waits
			looked := make(chan struct{})
			timer := time.AfterFunc(time.Duration(r.IntN(8000))*time.Millisecond, func() { defer close(looked); d.looks(ctx) })
			leave = func() {
				if !timer.Stop() {
					<-looked
				}
			}
		}
		d.wait(waiting, r)
		leave()
	}
}

// wait waits once.
func (d *device) wait(ctx context.Context, r *rand.Rand) {
	d.begins(time.Now())
	command, doc := "Ping", d.pingAll()
	if d.hangs {
		command, doc = "Sync", d.syncRequest(d.boxes, el("AirSync:HeartbeatInterval", "50"))
	}
	request, err := d.request(ctx, "POST", d.query(command).Encode(), doc.encode(), http.Header{"Content-Type": {wbxmlType}})
	if err != nil {
		d.t.Errorf("%s: %v", d.user, err)
		return
	}
	a, err := d.do(request)
	switch {
	case ctx.Err() != nil:
		d.begins(time.Time{})
	case err != nil:
		d.t.Errorf("%s: the wait broke: %v", d.user, err)
		time.Sleep(time.Second)
	case a.status != http.StatusOK:
		d.t.Errorf("%s: HTTP %d after %v: %.100q", d.user, a.status, a.took, a.body)
		time.Sleep(time.Second)
	case d.hangs:
		d.brought(a, r)
	default:
		d.hears(a, r)
	}
}

// begins notes since when it waits, unless it did already; zero: it does not.
func (d *device) begins(at time.Time) {
	d.owner.mu.Lock()
	defer d.owner.mu.Unlock()
	if d.waiting.IsZero() || at.IsZero() {
		d.waiting = at
	}
}
