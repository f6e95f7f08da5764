package watch

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/diastole/diastole/wbxml/eas"
)

// plain is what Memory must know of one device, without bounds and without thinking of
// them.
type plain struct {
	last    Last
	folders map[string]entry
	tree    map[string]eas.Folder
	told    map[string]bool
}

type world map[Device]*plain

func (w world) of(d Device) *plain {
	if w[d] == nil {
		w[d] = &plain{folders: map[string]entry{}, tree: map[string]eas.Folder{}, told: map[string]bool{}}
	}
	return w[d]
}

func (p *plain) ping(interval time.Duration, folders int, list [16]byte, named []Waited) {
	if interval >= 0 {
		p.last.Interval = interval
	}
	if folders >= 0 {
		p.last.Folders, p.last.FolderList, p.last.Pinged = folders, list, named
	}
}

// sync is a Sync; asked nil is an empty one.
func (p *plain) sync(asked *eas.SyncRequest, answer eas.SyncResponse) {
	refused, about := map[string]bool{}, map[string]bool{}
	for _, a := range answer.Collections {
		refused[a.ID] = refused[a.ID] || a.Status > eas.SyncSuccess
	}
	for id, e := range p.folders {
		about[id] = e.listed && (asked == nil || asked.Partial)
	}
	if asked != nil {
		p.last.Hold = asked.Hold()
		if !asked.Partial {
			p.last.SyncFolders = len(asked.Collections)
		}
		p.asks(asked, refused, about)
	}
	for id := range about {
		if about[id] && !refused[id] {
			delete(p.told, id)
		}
	}
	for _, a := range answer.Collections {
		e, known := p.folders[a.ID]
		switch {
		case a.Status == eas.SyncInvalidKey:
			p.lose(a.ID)
		case known && a.SyncKey != "" && a.Status <= eas.SyncSuccess:
			e.SyncKey = a.SyncKey
			p.folders[a.ID] = e
		}
	}
}

func (p *plain) asks(asked *eas.SyncRequest, refused, about map[string]bool) {
	named := map[string]bool{}
	for _, c := range asked.Collections {
		named[c.ID] = true
		if c.ID == "" || refused[c.ID] {
			continue
		}
		filter := c.FilterType
		if before, known := p.folders[c.ID]; known && filter < 0 && c.SyncKey != "0" {
			filter = before.FilterType
		}
		p.folders[c.ID] = entry{Collection{c.SyncKey, filter}, true}
		about[c.ID] = true
	}
	for id, e := range p.folders {
		if !asked.Partial && !named[id] {
			e.listed = false
			p.folders[id] = e
		}
	}
}

func (p *plain) lose(id string) {
	delete(p.folders, id)
	delete(p.told, id)
}

// unknownKey is a Sync that was refused with Status 3 as a whole; asked nil is an empty one.
func (p *plain) unknownKey(asked *eas.SyncRequest) {
	for id, e := range p.folders {
		named := asked != nil && slices.ContainsFunc(asked.Collections, func(c eas.SyncCollection) bool { return c.ID == id })
		if named || e.listed && (asked == nil || asked.Partial) {
			p.lose(id)
		}
	}
	if asked != nil {
		for _, c := range asked.Collections {
			p.lose(c.ID)
		}
	}
}

func (p *plain) folderSync(key string, answer eas.FolderSyncResponse) {
	if key == "0" {
		clear(p.tree)
	}
	for _, id := range answer.Delete {
		delete(p.tree, id)
		p.lose(id)
	}
	for _, f := range slices.Concat(answer.Update, answer.Add) {
		p.tree[f.ID] = f
	}
}

var (
	someDevice = rapid.Custom(func(t *rapid.T) Device {
		return Device{
			Principal: rapid.SampledFrom([]string{"anna", "bob"}).Draw(t, "user"),
			ID:        "d", Type: "phone",
		}
	})
	someID  = rapid.SampledFrom([]string{"1", "2", "mail/INBOX"})
	someKey = rapid.SampledFrom([]string{"", "0", "1", "{uuid}7"})
	someIDs = rapid.SliceOfN(someID, 1, 3)

	someSync = rapid.Custom(func(t *rapid.T) eas.SyncRequest {
		return eas.SyncRequest{
			Wait: rapid.IntRange(-1, 59).Draw(t, "wait"), Interval: rapid.SampledFrom([]int{-1, 0, 480}).Draw(t, "interval"),
			Partial: rapid.Bool().Draw(t, "partial"),
			Collections: rapid.SliceOfN(rapid.Custom(func(t *rapid.T) eas.SyncCollection {
				return eas.SyncCollection{ID: rapid.OneOf(someID, rapid.Just("")).Draw(t, "id"), SyncKey: someKey.Draw(t, "key"), FilterType: rapid.IntRange(-1, 8).Draw(t, "filter")}
			}), 0, 4).Draw(t, "collections"),
		}
	})
	someAnswer = rapid.Custom(func(t *rapid.T) eas.SyncResponse {
		return eas.SyncResponse{
			Status: eas.SyncStatus(rapid.SampledFrom([]int{0, 0, 1, 3, 142}).Draw(t, "status")),
			Collections: rapid.SliceOfN(rapid.Custom(func(t *rapid.T) eas.SyncAnswer {
				return eas.SyncAnswer{ID: someID.Draw(t, "id"), SyncKey: someKey.Draw(t, "key"), Status: eas.SyncStatus(rapid.SampledFrom([]int{0, 1, 1, 3, 8}).Draw(t, "status"))}
			}), 0, 4).Draw(t, "answers"),
		}
	})
	someFolders = rapid.SliceOfN(rapid.Custom(func(t *rapid.T) eas.Folder {
		return eas.Folder{ID: someID.Draw(t, "id"), ParentID: "0", Name: rapid.StringN(1, 3, -1).Draw(t, "name"), Type: eas.FolderType(rapid.IntRange(1, 19).Draw(t, "type"))}
	}), 0, 4)
	someNamed = rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Waited {
		return Waited{ID: someID.Draw(t, "id"), Class: rapid.SampledFrom([]string{"", "Email"}).Draw(t, "class")}
	}), 1, 3)
)

// run is a Memory and what it must know.
type run struct {
	m       *Memory
	want    world
	changed map[Device]int // how often each was reported
}

func (r *run) syncs(t *rapid.T) {
	d, answer := someDevice.Draw(t, "device"), someAnswer.Draw(t, "answer")
	var asked *eas.SyncRequest
	if rapid.Bool().Draw(t, "empty") {
		r.m.SyncAgain(d, answer)
	} else {
		s := someSync.Draw(t, "asked")
		asked = &s
		r.m.Sync(d, s, answer)
	}
	switch {
	case answer.Status <= eas.SyncSuccess:
		r.want.of(d).sync(asked, answer)
	case answer.Status == eas.SyncInvalidKey && r.want[d] != nil:
		r.want[d].unknownKey(asked)
	}
}

func (r *run) pings(t *rapid.T) {
	d, interval, folders := someDevice.Draw(t, "device"), time.Duration(rapid.IntRange(-1, 3540).Draw(t, "interval"))*time.Second, rapid.IntRange(-1, 300).Draw(t, "folders")
	list, named := [16]byte{rapid.Byte().Draw(t, "list")}, someNamed.Draw(t, "named")
	if rapid.Bool().Draw(t, "unknown") {
		named = nil
	}
	r.m.Ping(d, interval, folders, list, named)
	r.want.of(d).ping(interval, folders, list, named)
}

func (r *run) folderSyncs(t *rapid.T) {
	d, key := someDevice.Draw(t, "device"), rapid.SampledFrom([]string{"0", "1"}).Draw(t, "key")
	answer := eas.FolderSyncResponse{Status: eas.FolderSyncStatus(rapid.SampledFrom([]int{1, 1, 1, 6, 9, 142}).Draw(t, "status"))}
	answer.Add, answer.Update = someFolders.Draw(t, "add"), someFolders.Draw(t, "update")
	answer.Delete = rapid.SliceOfN(someID, 0, 2).Draw(t, "delete")
	r.m.FolderSync(d, eas.FolderSyncRequest{SyncKey: key}, answer)
	switch {
	case answer.Status == eas.FolderSyncSuccess:
		r.want.of(d).folderSync(key, answer)
	case answer.Status == eas.FolderSyncInvalidKey && r.want[d] != nil:
		clear(r.want[d].tree)
	}
}

func (r *run) showsPolicy(t *rapid.T) {
	d, key := someDevice.Draw(t, "device"), rapid.SampledFrom([]string{"", "0", "-1", "042", "x", "4294967296", "42", "4294967295"}).Draw(t, "key")
	r.m.Policy(d, key)
	if r.want[d] != nil && (key == "42" || key == "4294967295") {
		r.want[d].last.PolicyKey = key
	}
}

func (r *run) tells(t *rapid.T) {
	d, ids := someDevice.Draw(t, "device"), someIDs.Draw(t, "ids")
	r.m.Told(d, ids)
	if r.want[d] != nil {
		for _, id := range ids {
			r.want[d].told[id] = true
		}
	}
}

func (r *run) forgets(t *rapid.T) {
	user, n := rapid.SampledFrom([]string{"anna", "nobody"}).Draw(t, "user"), len(r.want)
	maps.DeleteFunc(r.want, func(d Device, _ *plain) bool { return d.Principal == user })
	if got := r.m.Forget(user); got != n-len(r.want) {
		t.Fatalf("%d devices of %s are forgotten, want %d", got, user, n-len(r.want))
	}
}

// restarts goes on with another Memory, which knows what was worth keeping.
func (r *run) restarts(t *rapid.T) {
	next := NewMemory(r.m.config)
	for _, d := range r.m.devices.Keys() {
		next.Restore(kept(t, r.m, d))
		p := r.want[d]
		p.told, p.last.FolderList = map[string]bool{}, [16]byte{}
		if !reflect.DeepEqual(kept(t, next, d), kept(t, r.m, d)) {
			t.Fatalf("%+v came back as %+v", kept(t, r.m, d), kept(t, next, d))
		}
	}
	r.m = next
}

// kept is a snapshot as a store gives it back.
func kept(t *rapid.T, m *Memory, d Device) (back Snapshot) {
	s, ok := m.Snapshot(d)
	text, err := json.Marshal(s)
	if !ok || err != nil || json.Unmarshal(text, &back) != nil {
		t.Fatalf("%v: %v, %v", d, ok, err)
	}
	return back
}

// reporting does something and sees to it that a change is reported, of this device
// only, and nothing is reported that did not change.
func (r *run) reporting(act func(*rapid.T)) func(*rapid.T) {
	return func(t *rapid.T) {
		before := map[Device]Snapshot{}
		for d := range r.want {
			before[d] = kept(t, r.m, d)
		}
		clear(r.changed)
		act(t)
		for d := range r.want {
			if differs := !reflect.DeepEqual(before[d], kept(t, r.m, d)); differs && r.changed[d] != 1 && (before[d].Device != Device{} || worth(kept(t, r.m, d))) {
				t.Fatalf("%v has changed, reported %d times", d, r.changed[d])
			}
		}
		if len(r.changed) > 1 {
			t.Fatalf("%v were reported at once", r.changed)
		}
	}
}

// worth tells whether there is more than a name.
func worth(s Snapshot) bool { return !reflect.DeepEqual(s, Snapshot{Device: s.Device}) }

func TestMemoryKnowsWhatAPlainMapKnows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := &run{want: world{}, changed: map[Device]int{}}
		c := roomy
		c.Changed = func(d Device) { r.changed[d]++ }
		r.m = NewMemory(c)
		t.Repeat(map[string]func(*rapid.T){
			"ping": r.reporting(r.pings), "sync": r.reporting(r.syncs), "folder sync": r.reporting(r.folderSyncs), "policy": r.reporting(r.showsPolicy),
			"tell": r.tells, "forget": r.forgets, "restart": r.restarts,
			"": r.compare,
		})
	})
}

func (r *run) compare(t *rapid.T) {
	if r.m.Len() != len(r.want) {
		t.Fatalf("%d devices are known, want %d", r.m.Len(), len(r.want))
	}
	bytes, ids := 0, someIDs.Draw(t, "ids")
	for d, want := range r.want {
		s, _ := r.m.devices.Peek(d)
		if last, ok := r.m.Last(d); !ok || !reflect.DeepEqual(last, want.last) {
			t.Fatalf("%v: %+v, want %+v", d, last, want.last)
		}
		if !maps.Equal(s.collections, want.folders) || !maps.Equal(s.told, want.told) || len(s.tree) != len(want.tree) {
			t.Fatalf("%v has %+v, want %+v", d, s, want)
		}
		bytes += deviceBytes + len(d.Principal) + len(d.ID) + len(d.Type) + costOf(want.last.Pinged) + s.tree.cost()
		for id, e := range want.folders {
			bytes += cost(id, e)
			if got, ok := r.m.Collection(d, id); !ok || got != e.Collection {
				t.Fatalf("%v: folder %s is %+v, want %+v", d, id, got, e)
			}
		}
		for id, f := range want.tree {
			if got, ok := r.m.Folder(d, id); !ok || got != f {
				t.Fatalf("%v: folder %s is %+v, want %+v", d, id, got, f)
			}
		}
		for id := range want.told {
			bytes += toldBytes + len(id)
		}
		if all := !slices.ContainsFunc(ids, func(id string) bool { return !want.told[id] }); r.m.WasTold(d, ids) != all {
			t.Fatalf("%v was told of %v: %v, want %v", d, ids, !all, all)
		}
	}
	if r.m.bytes != bytes {
		t.Fatalf("%d bytes are counted, want %d", r.m.bytes, bytes)
	}
}
