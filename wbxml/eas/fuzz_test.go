package eas

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"reflect"
	"testing"
)

func FuzzEnvelope(f *testing.F) {
	for _, query := range []string{querySync, queryPing, "", "Cmd=Ping", "User=bob@customer.com&DeviceId=validate&Cmd=Sync",
		`Cmd=Ping&User=DOM\u;x=%&DeviceId=%ff%00&SaveInSent=T`, "jRIJBA%2F7+77%3D%3D", "%%41=%"} {
		f.Add(query)
	}
	f.Fuzz(func(t *testing.T, query string) {
		e, err := ParseQuery(query)
		if err == nil && (e.CommandName == "" || e.Base64 && (e.Command == CommandUnknown || e.DeviceID == "" || e.Version == "")) {
			t.Errorf("no error, and yet %+v", e)
		}
		// What is known about a device never depends on how its id is spelled.
		k := e.DeviceKey()
		if len(k) > maxDeviceKey {
			t.Errorf("a key of %d bytes", len(k))
		}
		spelled := Envelope{DeviceID: hex.EncodeToString([]byte(e.DeviceID))}
		if e.DeviceID != "" && spelled.DeviceKey() != k {
			t.Errorf("%q has the key %q, its digits %q", e.DeviceID, k, spelled.DeviceKey())
		}
		for _, field := range []string{e.User, e.DeviceID, e.DeviceType, e.AttachmentName, e.CollectionID, e.ItemID} {
			if len(field) > len(query) {
				t.Errorf("a field of %d bytes from a query of %d", len(field), len(query))
			}
		}
		if e.Version != "" && !e.Base64 {
			t.Errorf("a plain query has the version %q", e.Version)
		}
	})
}

func FuzzPing(f *testing.F) {
	for _, direction := range []string{"request", "response"} {
		for _, r := range readings(f, direction) {
			f.Add(pingDocument(f, r.File))
		}
	}
	f.Add((&PingRequest{HasInterval: true, Interval: 900}).Append(nil))
	f.Add(PingResponse{Status: PingTooManyFolders, MaxFolders: 200}.Append(nil))
	f.Add([]byte("\x03\x01\x6a\x00\x00\x0d\x45\x48\x034\x00\xc3\x0280\x01\x49\x4a\x0b\x4c\x01\x01\x01\x01"))
	f.Fuzz(func(t *testing.T, body []byte) {
		var p, again PingRequest
		if err := p.Parse(body); err == nil {
			checkPlace(t, body, &p)
			if err := again.Parse(p.Append(nil)); err != nil || !samePing(&p, &again) {
				t.Errorf("%+v came back as %+v, %v", p, again, err)
			}
		}
		if r, err := ParsePingResponse(body); err == nil {
			if r.Status <= 0 {
				t.Errorf("no error, and yet the status is %d", r.Status)
			}
			if back, err := ParsePingResponse(r.Append(nil)); err != nil || !reflect.DeepEqual(back, r) {
				t.Errorf("%+v came back as %+v, %v", r, back, err)
			}
		}
	})
}

// checkPlace replaces the interval where it is said to stand: that and nothing
// else must be different then.
func checkPlace(t *testing.T, body []byte, p *PingRequest) {
	if p.IntervalEnd == 0 {
		return
	}
	other := append(append(bytes.Clone(body[:p.IntervalStart]), "61"...), body[p.IntervalEnd:]...)
	var q PingRequest
	if err := q.Parse(other); err != nil || q.Interval != 61 || q.HasFolders != p.HasFolders ||
		!reflect.DeepEqual(q.Folders, p.Folders) || q.Duplicate != p.Duplicate {
		t.Errorf("with another interval %+v became %+v, %v", p, q, err)
	}
}

func samePing(a, b *PingRequest) bool {
	if a.Duplicate {
		return true // the second one is not written again
	}
	return a.Empty == b.Empty && a.HasInterval == b.HasInterval && a.HasFolders == b.HasFolders &&
		a.Interval == b.Interval && bytes.Equal(a.IntervalText, b.IntervalText) &&
		fmt.Sprintf("%q", a.Folders) == fmt.Sprintf("%q", b.Folders)
}

func FuzzSyncReader(f *testing.F) {
	filtered := collection("5", "Email", "77")
	filtered.FilterType = 3
	f.Add(document(f, richSync), uint16(1))
	f.Add(document(f, richAnswer), uint16(7))
	f.Add((&SyncRequest{Wait: 8, Partial: true, Collections: []SyncCollection{filtered}}).Append(nil, "12.1"), uint16(2))
	f.Add((&SyncRequest{Interval: 540, Collections: []SyncCollection{filtered}}).Append(nil, "14.1"), uint16(3))
	f.Add((&SyncResponse{Status: SyncInvalidWait, Limit: 59}).Append(nil), uint16(5))
	f.Add([]byte{}, uint16(0))
	f.Add([]byte("\x03\x01\x6a\x00\x45\x64\x031\x00\xc3\x012\x03\x00\x01\x01"), uint16(1))
	f.Fuzz(func(t *testing.T, body []byte, piece uint16) {
		whole := inPieces(body, len(body)+1)
		if got := inPieces(body, int(piece)%64+1); !reflect.DeepEqual(got, whole) {
			t.Errorf("in pieces of %d:\ngot  %+v\nwant %+v", piece%64+1, got, whole)
		}
		r := whole[0].(SyncRequest)
		if len(r.Collections) > maxCollections || r.Hold() < 0 || r.Empty != (len(body) == 0) {
			t.Errorf("%d collections, holds for %s, empty %v", len(r.Collections), r.Hold(), r.Empty)
		}
		// A walker's own memory does not grow with the document.
		var reader SyncRequestReader
		if reader.Write(body); cap(reader.stream.walker.buf) > 2*maxLeaf {
			t.Errorf("%d bytes are kept for a text", cap(reader.stream.walker.buf))
		}
	})
}

func FuzzEstimateFolderSync(f *testing.F) {
	f.Add(document(f, estimateOld))
	f.Add(document(f, estimateNew))
	f.Add((&EstimateResponse{Status: 110, Answers: []EstimateAnswer{{Status: 1, ID: "5", Class: "Email", Estimate: 3}}}).Append(nil))
	f.Add((&FolderSyncRequest{SyncKey: "0"}).Append(nil))
	f.Add((&FolderSyncResponse{Status: 1, SyncKey: "1", Add: []Folder{{ID: "5", ParentID: "0", Name: "Inbox", Type: FolderInbox}},
		Update: []Folder{{ID: "6"}}, Delete: []string{"7"}}).Append(nil))
	f.Fuzz(func(t *testing.T, body []byte) {
		if r, err := ParseEstimateRequest(body); err == nil && r.Collections != nil {
			back, err := ParseEstimateRequest(r.Append(nil, "14.1"))
			if err != nil || !reflect.DeepEqual(back, r) {
				t.Errorf("%+v came back as %+v, %v", r, back, err)
			}
		}
		if r, err := ParseEstimateResponse(body); err == nil {
			if back, err := ParseEstimateResponse(r.Append(nil)); err != nil || !reflect.DeepEqual(back, r) {
				t.Errorf("%+v came back as %+v, %v", r, back, err)
			}
		}
		if r, err := ParseFolderSyncRequest(body); err == nil {
			if back, err := ParseFolderSyncRequest(r.Append(nil)); err != nil || back != r {
				t.Errorf("%+v came back as %+v, %v", r, back, err)
			}
		}
		if r, err := ParseFolderSyncResponse(body); err == nil && r.Status == FolderSyncSuccess {
			if back, err := ParseFolderSyncResponse(r.Append(nil)); err != nil || !reflect.DeepEqual(back, r) {
				t.Errorf("%+v came back as %+v, %v", r, back, err)
			}
		}
	})
}
