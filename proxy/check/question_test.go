package check

import (
	"encoding/hex"
	"fmt"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/diastole/diastole/wbxml/eas"
)

// two is what a phone waits on: an inbox with a window of a week, a calendar without.
var two = []Folder{
	{ID: "5", Class: "Email", SyncKey: "77", FilterType: 3},
	{ID: "6", Class: "Calendar", SyncKey: "{uuid}9", FilterType: -1},
}

// The bytes are written out, so that a change of the encoder cannot change them unseen.
func TestEstimateHasTheLayoutOfTheVersion(t *testing.T) {
	for version, want := range map[string]string{
		// SyncKey, CollectionId, Options{FilterType, Class}
		"14.1": "03016a00" + "000645" + "47" +
			"48" + "00004b03373700" + "01" + "00064a033500" + "01" + "0000" + "57" + "58033300" + "01" + "5003456d61696c00" + "01" + "01" + "01" +
			"000648" + "00004b037b757569647d3900" + "01" + "00064a033600" + "01" + "0000" + "57" + "500343616c656e64617200" + "01" + "01" + "01" +
			"01" + "01",
		// Class, CollectionId, FilterType (required; 0 is no window), SyncKey
		"12.1": "03016a00" + "000645" + "47" +
			"48" + "4903456d61696c00" + "01" + "4a033500" + "01" + "0000" + "58033300" + "01" + "4b03373700" + "01" + "01" +
			"000648" + "490343616c656e64617200" + "01" + "4a033600" + "01" + "0000" + "58033000" + "01" + "4b037b757569647d3900" + "01" + "01" +
			"01" + "01",
	} {
		body, ok := Estimate(version, two)
		if got := hex.EncodeToString(body); !ok || got != want {
			t.Errorf("%s, %v:\ngot  %s\nwant %s", version, ok, got, want)
		}
	}
}

func TestEstimateIsReadAsItWasMeant(t *testing.T) {
	folder := rapid.Custom(func(t *rapid.T) Folder {
		return Folder{
			ID:      rapid.StringMatching(`[0-9]{1,3}|mail/[A-Z]{1,8}`).Draw(t, "id"),
			Class:   rapid.SampledFrom([]string{"", "Email", "Calendar", "Contacts", "Tasks", "Notes"}).Draw(t, "class"),
			SyncKey: rapid.StringMatching(`[1-9][0-9]{0,9}|\{[0-9a-f]{8}\}[0-9]`).Draw(t, "key"), FilterType: rapid.IntRange(-1, 8).Draw(t, "filter"),
		}
	})
	rapid.Check(t, func(t *rapid.T) {
		folders := rapid.SliceOfN(folder, 1, 40).Draw(t, "folders")
		version := rapid.SampledFrom([]string{"2.5", "12.0", "12.1", "14.0", "14.1", "16.0", "16.1"}).Draw(t, "version")
		body, ok := Estimate(version, folders)
		read, err := eas.ParseEstimateRequest(body)
		if !ok || err != nil {
			t.Fatalf("ok %v, %v", ok, err)
		}
		seen := map[string]bool{}
		n := 0
		for _, f := range folders {
			if seen[f.ID] {
				continue
			}
			seen[f.ID] = true
			if version < "14" || version == "2.5" {
				f.FilterType = max(f.FilterType, 0)
			}
			if got := Folder(read.Collections[n]); got != f {
				t.Fatalf("%s: %+v is read as %+v", version, f, got)
			}
			n++
		}
		if n != len(read.Collections) {
			t.Fatalf("%d folders are asked about, want %d", len(read.Collections), n)
		}
	})
}

func TestEstimateIsNotAskedWithoutAKeyForEveryFolder(t *testing.T) {
	many := func(n int) (folders []Folder) {
		for i := range n {
			folders = append(folders, Folder{ID: fmt.Sprint(i), SyncKey: "1", FilterType: -1})
		}
		return folders
	}
	for name, c := range map[string]struct {
		folders []Folder
		want    bool
	}{
		"none":              {nil, false},
		"no key":            {[]Folder{two[0], {ID: "9"}}, false},
		"never synced":      {[]Folder{two[0], {ID: "9", SyncKey: "0"}}, false},
		"no id":             {[]Folder{{SyncKey: "1"}}, false},
		"no class":          {[]Folder{{ID: "9", SyncKey: "1"}}, true},
		"as many as may be": {many(300), true},
		"too many":          {many(301), false},
		"one, 301 times":    {make301(two[0]), true},
	} {
		if body, ok := Estimate("14.1", c.folders); ok != c.want || ok != (body != nil) {
			t.Errorf("%s: %v, %d bytes", name, ok, len(body))
		}
	}
}

func make301(f Folder) (folders []Folder) {
	for range 301 {
		folders = append(folders, f)
	}
	return folders
}

func TestPingIsAFullOne(t *testing.T) {
	// HeartbeatInterval 5, then each folder once, Id before Class: Z-Push and Horde read in that order only.
	want := "03016a00" + "000d45" + "48033500" + "01" + "49" +
		"4a" + "4b033500" + "01" + "4c03456d61696c00" + "01" + "01" + "4a" + "4b033600" + "01" + "4c0343616c656e64617200" + "01" + "01" + "01" + "01"
	if got := hex.EncodeToString(Ping(5*time.Second, append(two, two[0]))); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	for interval, want := range map[time.Duration]int{-time.Second: 1, 0: 1, 300 * time.Millisecond: 1, 5 * time.Second: 5, 59*time.Second + 1: 59} {
		var p eas.PingRequest
		if err := p.Parse(Ping(interval, []Folder{{ID: "9"}})); err != nil || p.Interval != want || !reflect.DeepEqual(p.Folders, []eas.PingFolder{{ID: []byte("9")}}) {
			t.Errorf("%s: %d s, %q, %v", interval, p.Interval, p.Folders, err)
		}
	}
	if body := Ping(time.Minute, nil); body != nil {
		t.Errorf("about nothing: %x", body)
	}
}
