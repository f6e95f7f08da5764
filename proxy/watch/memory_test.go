package watch

import (
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/diastole/diastole/wbxml/eas"
)

var roomy = Config{Devices: 1000, Bytes: 1 << 30}

// plain is what Memory must know, without bounds and without thinking of them.
type plain struct {
	last map[Device]Last
	keys map[Device]map[string]Collection
}

func (p *plain) sync(d Device, asked eas.SyncRequest, answer eas.SyncResponse, again bool) {
	if answer.Status > eas.SyncSuccess {
		return
	}
	last := p.last[d]
	refused := map[string]bool{}
	for _, a := range answer.Collections {
		refused[a.ID] = refused[a.ID] || a.Status > eas.SyncSuccess
	}
	if p.keys[d] == nil {
		p.keys[d] = map[string]Collection{}
	}
	if !again {
		last.Hold = asked.Hold()
		if !asked.Partial {
			last.SyncFolders = len(asked.Collections)
		}
		for _, c := range asked.Collections {
			if c.ID == "" || refused[c.ID] {
				continue
			}
			filter := c.FilterType
			if before, known := p.keys[d][c.ID]; known && filter < 0 && c.SyncKey != "0" {
				filter = before.FilterType
			}
			p.keys[d][c.ID] = Collection{c.SyncKey, filter}
		}
	}
	p.last[d] = last
	for _, a := range answer.Collections {
		c, known := p.keys[d][a.ID]
		switch {
		case a.Status == eas.SyncInvalidKey:
			delete(p.keys[d], a.ID)
		case known && a.SyncKey != "" && a.Status <= eas.SyncSuccess:
			c.SyncKey = a.SyncKey
			p.keys[d][a.ID] = c
		}
	}
}

func TestMemoryKnowsWhatAPlainMapKnows(t *testing.T) {
	device := rapid.Custom(func(t *rapid.T) Device {
		return Device{
			Principal: rapid.SampledFrom([]string{"anna", "bob"}).Draw(t, "user"),
			ID:        rapid.SampledFrom([]string{"d1", "d2"}).Draw(t, "id"),
			Type:      rapid.SampledFrom([]string{"phone", "tablet"}).Draw(t, "type"),
		}
	})
	id := rapid.SampledFrom([]string{"", "1", "2", "mail/INBOX", "5"})
	key := rapid.SampledFrom([]string{"", "0", "1", "{uuid}7"})
	asked := rapid.Custom(func(t *rapid.T) eas.SyncRequest {
		return eas.SyncRequest{
			Wait: rapid.IntRange(-1, 59).Draw(t, "wait"), Interval: rapid.SampledFrom([]int{-1, 0, 480}).Draw(t, "interval"),
			Partial: rapid.Bool().Draw(t, "partial"),
			Collections: rapid.SliceOfN(rapid.Custom(func(t *rapid.T) eas.SyncCollection {
				return eas.SyncCollection{ID: id.Draw(t, "id"), SyncKey: key.Draw(t, "key"), FilterType: rapid.IntRange(-1, 8).Draw(t, "filter")}
			}), 0, 4).Draw(t, "collections"),
		}
	})
	answer := rapid.Custom(func(t *rapid.T) eas.SyncResponse {
		return eas.SyncResponse{
			Status: eas.SyncStatus(rapid.SampledFrom([]int{0, 0, 0, 1, 4, 142}).Draw(t, "status")),
			Collections: rapid.SliceOfN(rapid.Custom(func(t *rapid.T) eas.SyncAnswer {
				return eas.SyncAnswer{ID: id.Draw(t, "id"), SyncKey: key.Draw(t, "key"), Status: eas.SyncStatus(rapid.SampledFrom([]int{0, 1, 1, 3, 8}).Draw(t, "status"))}
			}), 0, 4).Draw(t, "answers"),
		}
	})
	rapid.Check(t, func(t *rapid.T) {
		m, want := NewMemory(roomy), plain{map[Device]Last{}, map[Device]map[string]Collection{}}
		t.Repeat(map[string]func(*rapid.T){
			"ping": func(t *rapid.T) {
				d, interval, folders := device.Draw(t, "device"), time.Duration(rapid.IntRange(-1, 3540).Draw(t, "interval"))*time.Second, rapid.IntRange(-1, 300).Draw(t, "folders")
				m.Ping(d, interval, folders, [16]byte{})
				last := want.last[d]
				if interval >= 0 {
					last.Interval = interval
				}
				if folders >= 0 {
					last.Folders = folders
				}
				want.last[d] = last
			},
			"sync": func(t *rapid.T) {
				d, asked, answer := device.Draw(t, "device"), asked.Draw(t, "asked"), answer.Draw(t, "answer")
				m.Sync(d, asked, answer)
				want.sync(d, asked, answer, false)
			},
			"sync again": func(t *rapid.T) {
				d, answer := device.Draw(t, "device"), answer.Draw(t, "answer")
				m.SyncAgain(d, answer)
				want.sync(d, eas.SyncRequest{}, answer, true)
			},
			"": func(t *rapid.T) { compare(t, m, want) },
		})
	})
}

func compare(t *rapid.T, m *Memory, want plain) {
	if m.Len() != len(want.last) {
		t.Fatalf("%d devices are known, want %d", m.Len(), len(want.last))
	}
	bytes := 0
	for d, last := range want.last {
		if got, ok := m.Last(d); !ok || got != last {
			t.Fatalf("%v: %+v, want %+v", d, got, last)
		}
		s, _ := m.devices.Peek(d)
		if !maps.Equal(s.collections, want.keys[d]) {
			t.Fatalf("%v has %v, want %v", d, s.collections, want.keys[d])
		}
		bytes += deviceBytes + len(d.Principal) + len(d.ID) + len(d.Type)
		for id, c := range s.collections {
			bytes += cost(id, c)
			if got, ok := m.Collection(d, id); !ok || got != c {
				t.Fatalf("%v: folder %s is %+v, want %+v", d, id, got, c)
			}
		}
	}
	if m.bytes != bytes {
		t.Fatalf("%d bytes are counted, want %d", m.bytes, bytes)
	}
}

func TestMemoryStaysWithinItsBounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := Config{Devices: rapid.IntRange(1, 20).Draw(t, "devices"), Bytes: rapid.IntRange(0, 20_000).Draw(t, "bytes")}
		m := NewMemory(c)
		added := map[Device]bool{}
		for range rapid.IntRange(1, 200).Draw(t, "requests") {
			d := Device{Principal: "u", ID: fmt.Sprint(rapid.IntRange(0, 40).Draw(t, "device"))}
			r := eas.SyncRequest{Wait: -1, Interval: -1}
			for i := range rapid.IntRange(0, 30).Draw(t, "folders") {
				r.Collections = append(r.Collections, eas.SyncCollection{ID: fmt.Sprint(i), SyncKey: strings.Repeat("k", rapid.IntRange(0, 300).Draw(t, "key"))})
			}
			m.Sync(d, r, eas.SyncResponse{Empty: true})
			added[d] = true
			if _, ok := m.Last(d); !ok {
				t.Fatal("the device that has just spoken is not known")
			}
			sum := 0
			for _, s := range m.devices.Values() {
				sum += s.bytes
			}
			if m.bytes != sum {
				t.Fatalf("%d bytes are counted, there are %d", m.bytes, sum)
			}
			if m.Len() > c.Devices || m.bytes > c.Bytes && m.Len() > 1 {
				t.Fatalf("%d devices of %d bytes are known, want at most %+v", m.Len(), m.bytes, c)
			}
		}
		if m.Forgotten() < uint64(len(added)-m.Len()) {
			t.Fatalf("%d are forgotten, of %d there are %d left", m.Forgotten(), len(added), m.Len())
		}
	})
}

func TestMemoryForgetsTheLongestSilent(t *testing.T) {
	m := NewMemory(Config{Devices: 3, Bytes: 1 << 20})
	for _, id := range []string{"a", "b", "c"} {
		m.Ping(Device{ID: id}, time.Minute, 1, [16]byte{})
	}
	m.Last(Device{ID: "a"}) // a is asked for: it has just sent a Ping
	m.Ping(Device{ID: "d"}, time.Minute, 1, [16]byte{})
	for id, want := range map[string]bool{"a": true, "b": false, "c": true, "d": true} {
		if _, ok := m.Last(Device{ID: id}); ok != want {
			t.Errorf("%s is known: %v, want %v", id, ok, want)
		}
	}
	if m.Forgotten() != 1 {
		t.Errorf("%d are forgotten, want 1", m.Forgotten())
	}
}

func TestMemoryOfOneDeviceIsBounded(t *testing.T) {
	m, d := NewMemory(roomy), Device{ID: "a"}
	long := strings.Repeat("x", maxText+1)
	var r eas.SyncRequest
	for i := range maxCollections + 100 {
		r.Collections = append(r.Collections, eas.SyncCollection{ID: fmt.Sprint(i), SyncKey: "1"})
	}
	m.Sync(d, eas.SyncRequest{Collections: []eas.SyncCollection{{ID: long, SyncKey: "1"}, {ID: "long", SyncKey: long}}}, eas.SyncResponse{})
	m.Sync(d, r, eas.SyncResponse{})
	s, _ := m.devices.Peek(d)
	if len(s.collections) != maxCollections {
		t.Errorf("%d folders are known, want %d", len(s.collections), maxCollections)
	}
	for _, id := range []string{long, "long", fmt.Sprint(maxCollections)} {
		if _, ok := m.Collection(d, id); ok {
			t.Errorf("folder %.10s is known", id)
		}
	}
	// A key that cannot be kept takes the old one with it.
	m.Sync(d, eas.SyncRequest{Collections: []eas.SyncCollection{{ID: "7", SyncKey: "2"}}}, eas.SyncResponse{Collections: []eas.SyncAnswer{{ID: "7", SyncKey: long}}})
	if c, ok := m.Collection(d, "7"); ok {
		t.Errorf("folder 7 still has key %q", c.SyncKey)
	}
}

func TestSameIDUnderTwoUsersIsTwoDevices(t *testing.T) {
	m := NewMemory(roomy)
	m.Ping(Device{"anna", "d", "phone"}, time.Minute, 1, [16]byte{})
	m.Ping(Device{"bob", "d", "phone"}, time.Hour, 2, [16]byte{})
	if anna, _ := m.Last(Device{"anna", "d", "phone"}); anna.Interval != time.Minute {
		t.Errorf("anna's is %+v", anna)
	}
	if _, ok := m.Last(Device{"", "d", "phone"}); ok {
		t.Error("nobody's device is known")
	}
}
