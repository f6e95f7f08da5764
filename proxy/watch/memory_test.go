package watch

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/diastole/diastole/wbxml/eas"
)

var roomy = Config{Devices: 1000, Bytes: 1 << 30}

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
		m.Ping(Device{ID: id}, time.Minute, 1, [16]byte{}, nil)
	}
	m.Last(Device{ID: "a"}) // a is asked for: it has just sent a Ping
	m.Ping(Device{ID: "d"}, time.Minute, 1, [16]byte{}, nil)
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
	m.Ping(Device{"anna", "d", "phone"}, time.Minute, 1, [16]byte{}, nil)
	m.Ping(Device{"bob", "d", "phone"}, time.Hour, 2, [16]byte{}, nil)
	if anna, _ := m.Last(Device{"anna", "d", "phone"}); anna.Interval != time.Minute {
		t.Errorf("anna's is %+v", anna)
	}
	if _, ok := m.Last(Device{"", "d", "phone"}); ok {
		t.Error("nobody's device is known")
	}
}
