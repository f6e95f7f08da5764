package eas

import (
	"encoding/json"
	"encoding/xml"
	"os"
	"path/filepath"
	"reflect"
	"testing"
)

func TestSyncResponseReadsHowAWaitEnded(t *testing.T) {
	f := func(text string, want SyncResponse, overall SyncStatus, changed bool) {
		t.Helper()
		got, err := ParseSyncResponse(document(t, text))
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s\ngot  %+v, %v\nwant %+v", text, got, err, want)
		}
		if got.Overall() != overall || got.Changed() != changed {
			t.Errorf("%s: %s, changed %v; want %s, %v", text, got.Overall(), got.Changed(), overall, changed)
		}
	}
	// Mail, in the layout of 12.1 (with a Class) and of 14.x.
	mail := `<SyncKey>2</SyncKey><CollectionId>5</CollectionId><Status>1</Status><Commands><Add><ServerId>5:1</ServerId>
		<ApplicationData><Subject xmlns="Email">s</Subject><Read xmlns="Email">0</Read></ApplicationData></Add></Commands>`
	one := []SyncAnswer{{ID: "5", SyncKey: "2", Status: 1, Changes: true}}
	f(`<Sync xmlns="AirSync"><Collections><Collection><Class>Email</Class>`+mail+`</Collection></Collections></Sync>`,
		SyncResponse{Collections: one}, SyncSuccess, true)
	f(`<Sync xmlns="AirSync"><Collections><Collection>`+mail+`</Collection></Collections></Sync>`,
		SyncResponse{Collections: one}, SyncSuccess, true)
	// More of it.
	f(`<Sync xmlns="AirSync"><Collections><Collection><SyncKey>2</SyncKey><CollectionId>5</CollectionId><Status>1</Status>
		<MoreAvailable/></Collection></Collections></Sync>`,
		SyncResponse{Collections: []SyncAnswer{{ID: "5", SyncKey: "2", Status: 1, MoreAvailable: true}}}, SyncSuccess, true)
	// The answer to the device's own commands is no change; its Status is that of an item.
	f(`<Sync xmlns="AirSync"><Collections><Collection><SyncKey>2</SyncKey><CollectionId>5</CollectionId><Status>1</Status>
		<Responses><Change><ServerId>5:1</ServerId><Status>8</Status></Change></Responses><Commands/></Collection></Collections></Sync>`,
		SyncResponse{Collections: []SyncAnswer{{ID: "5", SyncKey: "2", Status: 1}}}, SyncSuccess, false)
	// Refusals: of the whole, of the wait, of one collection.
	f(`<Sync xmlns="AirSync"><Status>13</Status></Sync>`, SyncResponse{Status: 13}, SyncIncomplete, false)
	f(`<Sync xmlns="AirSync"><Status>14</Status><Limit>59</Limit></Sync>`,
		SyncResponse{Status: 14, Limit: 59}, SyncInvalidWait, false)
	f(`<Sync xmlns="AirSync"><Status>15</Status><Limit>200</Limit></Sync>`,
		SyncResponse{Status: 15, Limit: 200}, SyncTooManyCollections, false)
	f(`<Sync xmlns="AirSync"><Status>142</Status></Sync>`, SyncResponse{Status: 142}, StatusDeviceNotProvisioned, false)
	f(`<Sync xmlns="AirSync"><Collections><Collection><CollectionId>5</CollectionId><Status>1</Status></Collection>
		<Collection><CollectionId>6</CollectionId><Status>12</Status></Collection></Collections></Sync>`,
		SyncResponse{Collections: []SyncAnswer{{ID: "5", Status: 1}, {ID: "6", Status: 12}}}, SyncHierarchyChanged, false)
	// Nothing that could be understood.
	f(`<Sync xmlns="AirSync"/>`, SyncResponse{}, 0, false)
	f(`<Sync xmlns="AirSync"><Status>abc</Status><Limit>-3</Limit></Sync>`, SyncResponse{}, 0, false)
}

// Scenario 29: an empty answer says that nothing has changed.
func TestAnEmptySyncResponseIsASuccess(t *testing.T) {
	got, err := ParseSyncResponse(nil)
	if err != nil || !got.Empty || got.Overall() != SyncSuccess || got.Changed() {
		t.Errorf("got %+v, %v: %s", got, err, got.Overall())
	}
	if len(got.Append(nil)) != 0 {
		t.Errorf("it is written as %x", got.Append(nil))
	}
}

func TestASyncResponseSurvivesTheRoundTrip(t *testing.T) {
	for _, r := range []SyncResponse{
		{Empty: true},
		{Status: SyncInvalidWait, Limit: 3540},
		{Collections: []SyncAnswer{{ID: "5", SyncKey: "2", Status: 1, MoreAvailable: true}, {ID: "mail%2Fabc", Status: 3}}},
	} {
		if got, err := ParseSyncResponse(r.Append(nil)); err != nil || !reflect.DeepEqual(got, r) {
			t.Errorf("got %+v, %v; want %+v", got, err, r)
		}
	}
	// As SOGo answers an empty Sync.
	if got := (&SyncResponse{Status: SyncIncomplete}).Append(nil); string(got) != "\x03\x01\x6a\x00\x45\x4e\x0313\x00\x01\x01" {
		t.Errorf("Status 13 is %x", got)
	}
}

// xmlSync is how an independent reader, encoding/xml, sees a Sync.
type xmlSync struct {
	Status      SyncStatus `xml:"Status"`
	Collections []struct {
		SyncKey      string
		CollectionID string `xml:"CollectionId"`
		Status       SyncStatus
		Commands     struct {
			Items []struct{} `xml:",any"`
		}
	} `xml:"Collections>Collection"`
}

func TestSyncDocumentsOfOthersAreRead(t *testing.T) {
	dir := filepath.Dir(corpus(t, "documents"))
	data, err := os.ReadFile(filepath.Join(dir, "documents", "manifest.json"))
	if err != nil {
		t.Fatal(err)
	}
	var manifest []struct{ File, Root, XML string }
	if err := json.Unmarshal(data, &manifest); err != nil {
		t.Fatal(err)
	}
	read := 0
	for _, m := range manifest {
		if m.Root != "Sync" {
			continue
		}
		read++
		body, err := os.ReadFile(filepath.Join(dir, m.File))
		if err != nil {
			t.Fatal(err)
		}
		var seen xmlSync
		if err := xml.Unmarshal([]byte(m.XML), &seen); err != nil {
			t.Fatal(err)
		}
		want := SyncResponse{Status: seen.Status}
		for _, c := range seen.Collections {
			want.Collections = append(want.Collections, SyncAnswer{ID: c.CollectionID, SyncKey: c.SyncKey,
				Status: c.Status, Changes: len(c.Commands.Items) > 0})
		}
		if got, err := ParseSyncResponse(body); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s\ngot  %+v, %v\nwant %+v", m.XML, got, err, want)
		}
	}
	if read < 20 {
		t.Errorf("only %d documents are Syncs", read)
	}
}
