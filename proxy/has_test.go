package proxy

import (
	"fmt"
	"testing"

	"github.com/diastole/diastole/internal/lab"
	"github.com/diastole/diastole/wbxml/eas"
)

// syncing is a Sync body of these folders, "id key id key ...".
func syncing(r eas.SyncRequest, folders ...string) []byte {
	r.Interval = max(r.Interval, -1)
	for i := 0; i < len(folders); i += 2 {
		r.Collections = append(r.Collections, eas.SyncCollection{ID: folders[i], SyncKey: folders[i+1], FilterType: -1, GetChanges: true})
	}
	return r.Append(nil, "14.1")
}

// syncedTo is an answer with these keys, "id key id key ...".
func syncedTo(folders ...string) []byte {
	var r eas.SyncResponse
	for i := 0; i < len(folders); i += 2 {
		r.Collections = append(r.Collections, eas.SyncAnswer{ID: folders[i], SyncKey: folders[i+1], Status: 1, MoreAvailable: i == 0})
	}
	return r.Append(nil)
}

// A device's day, in which nearly everything goes wrong that can: after each of its Syncs
// it is known which keys it has.
func TestWhatADeviceHasIsReadFromItsTraffic(t *testing.T) {
	full, partial := eas.SyncRequest{}, eas.SyncRequest{Partial: true}
	hanging := eas.SyncRequest{Interval: 60}
	status3 := (&eas.SyncResponse{Status: eas.SyncInvalidKey}).Append(nil)
	folder3 := (&eas.SyncResponse{Collections: []eas.SyncAnswer{{ID: "6", Status: eas.SyncInvalidKey}}}).Append(nil)
	first := eas.SyncRequest{Collections: []eas.SyncCollection{{ID: "5", SyncKey: "0", FilterType: 3}}}
	cut := syncedTo("5", "4")

	s := onSockets(t, lab.Answer(quietSync))
	for _, step := range []struct {
		what       string
		body       []byte
		chunked    bool
		answer     string
		key5, key6 string
		told       bool // of 5, after it was told before
	}{
		{"the first Sync, packed", first.Append(nil, "14.1"), false, packed(string(syncedTo("5", "1"))), "1", "", false},
		{"the items", syncing(full, "5", "1"), true, inChunks("", string(syncedTo("5", "2")), 9), "2", "", false},
		{"more of them, by an empty Sync", nil, false, packed(string(syncedTo("5", "3"))), "3", "", false},
		{"an answer that is cut", syncing(full, "5", "3"), false, fmt.Sprintf("%sContent-Length: %d\r\n\r\n%s", docHead, len(cut), cut[:len(cut)-4]), "3", "", true},
		{"the same again", syncing(full, "5", "3"), false, document(syncedTo("5", "4")), "4", "", false},
		{"the same again: that was lost on its way", syncing(full, "5", "3"), false, document(syncedTo("5", "4b")), "4b", "", false},
		{"one more folder, in a partial Sync", syncing(partial, "6", "0"), false, document(syncedTo("5", "5", "6", "1")), "5", "1", false},
		{"nothing new, after a while", syncing(hanging, "5", "5", "6", "1"), false, quietSync, "5", "1", false},
		{"nothing new in chunks", syncing(full, "5", "5", "6", "1"), false, inChunks("", "", 1), "5", "1", false},
		{"a Sync of the other folder", syncing(full, "6", "1"), false, document(syncedTo("6", "2")), "5", "2", true},
		{"the server has lost one state", syncing(hanging, "5", "5", "6", "2"), false, document(folder3), "5", "", false},
		{"a refusal", syncing(full, "5", "5"), false, "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n", "5", "", true},
		{"a sign-in page", syncing(full, "5", "5"), false, "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>", "5", "", true},
		{"the server has lost all", syncing(full, "5", "5"), false, document(status3), "", "", false},
	} {
		s.up.SetScript(func(x *lab.Exchange) error {
			if err := x.ReadBody(); err != nil {
				return err
			}
			_ = x.Send(step.answer)
			if step.what == "an answer that is cut" {
				x.Reset()
			}
			return nil
		})
		s.proxy.memory.Told(dev1, []string{"5"})
		s.ask(post{cmd: "Sync", body: step.body, chunked: step.chunked})
		s.settled()
		for id, want := range map[string]string{"5": step.key5, "6": step.key6} {
			if c, _ := s.proxy.memory.Collection(dev1, id); c.SyncKey != want || id == "5" && want != "" && c.FilterType != 3 {
				t.Errorf("after %s folder %s is %+v, want key %q", step.what, id, c, want)
			}
		}
		if told := s.proxy.memory.WasTold(dev1, []string{"5"}); told != step.told {
			t.Errorf("after %s it was told: %v", step.what, told)
		}
	}
	s.wantUnread()
}
