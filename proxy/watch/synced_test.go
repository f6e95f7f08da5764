package watch

import (
	"testing"
	"time"

	"github.com/diastole/diastole/wbxml/eas"
)

// story is what happens between one device and its server.
type story struct {
	*testing.T
	m *Memory
	d Device
}

func tell(t *testing.T) story {
	s := story{t, NewMemory(roomy), Device{"anna", "d", "phone"}}
	s.m.Ping(s.d, time.Minute, 1, [16]byte{}, nil)
	return s
}

// syncs is a Sync of these folders, "id key id key ...", and its answer.
func (s story) syncs(answer eas.SyncResponse, folders ...string) {
	s.m.Sync(s.d, fullSync(folders...), answer)
}

func fullSync(folders ...string) eas.SyncRequest {
	r := eas.SyncRequest{Wait: -1, Interval: -1}
	for i := 0; i < len(folders); i += 2 {
		r.Collections = append(r.Collections, eas.SyncCollection{ID: folders[i], SyncKey: folders[i+1], FilterType: -1})
	}
	return r
}

func partialSync(folders ...string) eas.SyncRequest {
	r := fullSync(folders...)
	r.Partial = true
	return r
}

// keys is an answer with a new key for each folder, "id key id key ...".
func keys(folders ...string) (r eas.SyncResponse) {
	for i := 0; i < len(folders); i += 2 {
		r.Collections = append(r.Collections, eas.SyncAnswer{ID: folders[i], SyncKey: folders[i+1], Status: eas.SyncSuccess})
	}
	return r
}

func refused(id string, status eas.SyncStatus) eas.SyncResponse {
	return eas.SyncResponse{Collections: []eas.SyncAnswer{{ID: id, Status: status}}}
}

// wantKey: the device has this key of a folder; "" that none is known.
func (s story) wantKey(id, want string) {
	s.Helper()
	if c, known := s.m.Collection(s.d, id); c.SyncKey != want || known != (want != "") {
		s.Errorf("folder %s has key %q (%v), want %q", id, c.SyncKey, known, want)
	}
}

func TestALostAnswerLeavesTheKeyThatTheDeviceAsksWithNext(t *testing.T) {
	s := tell(t)
	s.syncs(keys("5", "8"), "5", "7")
	s.wantKey("5", "8")
	// The phone has not got that: it repeats what it asked. The server may give the same
	// key again, another one, or say that there is nothing new after all.
	s.syncs(keys("5", "8"), "5", "7")
	s.wantKey("5", "8")
	s.syncs(keys("5", "8b"), "5", "7")
	s.wantKey("5", "8b")
	s.syncs(eas.SyncResponse{Empty: true}, "5", "7")
	s.wantKey("5", "7")
	// An answer that was cut on its way here is not known at all: the caller says nothing,
	// and the repetition says everything.
	s.syncs(keys("5", "9"), "5", "8")
	s.wantKey("5", "9")
}

func TestMoreAvailableGoesOnWithTheNewKey(t *testing.T) {
	s := tell(t)
	more := keys("5", "1")
	more.Collections[0].MoreAvailable, more.Collections[0].Changes = true, true
	s.syncs(keys("5", "1"), "5", "0")
	more.Collections[0].SyncKey = "2"
	s.syncs(more, "5", "1")
	s.wantKey("5", "2")
	more.Collections[0].SyncKey = "3"
	s.m.SyncAgain(s.d, more) // fetched by an empty Sync
	s.wantKey("5", "3")
}

func TestSeveralFoldersEachHaveTheirOwnAnswer(t *testing.T) {
	s := tell(t)
	s.syncs(keys("1", "a1", "2", "b1", "3", "c1"), "1", "a0", "2", "b0", "3", "c0")
	// 1 has something new, 2 is not mentioned, 3 is out of step, 4 is not the device's.
	answer := keys("1", "a2", "4", "d9")
	answer.Collections = append(answer.Collections, eas.SyncAnswer{ID: "3", Status: eas.SyncInvalidKey})
	s.syncs(answer, "1", "a1", "2", "b1", "3", "c1")
	s.wantKey("1", "a2")
	s.wantKey("2", "b1")
	s.wantKey("3", "")
	s.wantKey("4", "")
	// Another failure of one folder leaves it as it was.
	s.syncs(refused("2", eas.SyncServerError), "2", "x")
	s.wantKey("2", "b1")
}

func TestAnInvalidKeyOfTheWholeSyncLosesItsFolders(t *testing.T) {
	status3 := eas.SyncResponse{Status: eas.SyncInvalidKey}
	begin := func(t *testing.T) story {
		s := tell(t)
		s.syncs(keys("3", "c"), "3", "0")
		s.syncs(keys("1", "a", "2", "b"), "1", "0", "2", "0") // the Sync that is repeated from now on
		return s
	}
	for name, c := range map[string]struct {
		act  func(story)
		want map[string]string
	}{
		"full":    {func(s story) { s.syncs(status3, "1", "a") }, map[string]string{"1": "", "2": "b", "3": "c"}},
		"partial": {func(s story) { s.m.Sync(s.d, partialSync("3", "c"), status3) }, map[string]string{"1": "", "2": "", "3": ""}},
		"empty":   {func(s story) { s.m.SyncAgain(s.d, status3) }, map[string]string{"1": "", "2": "", "3": "c"}},
		"other status": {func(s story) {
			s.syncs(eas.SyncResponse{Status: eas.SyncRetry}, "1", "x")
		}, map[string]string{"1": "a", "2": "b", "3": "c"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := begin(t)
			c.act(s)
			for id, want := range c.want {
				s.wantKey(id, want)
			}
		})
	}
	stranger := NewMemory(roomy)
	stranger.Sync(Device{ID: "x"}, fullSync("1", "a"), status3)
	stranger.SyncAgain(Device{ID: "x"}, status3)
	if stranger.Len() != 0 {
		t.Error("a device is known that the server has only refused")
	}
}

func TestOptionsStayUntilAFolderBeginsAnew(t *testing.T) {
	s := tell(t)
	with := func(key string, filter int) eas.SyncRequest {
		r := fullSync("5", key)
		r.Collections[0].FilterType = filter
		return r
	}
	for _, step := range []struct {
		key          string
		filter, want int
	}{{"0", 3, 3}, {"1", -1, 3}, {"2", 5, 5}, {"3", -1, 5}, {"0", -1, -1}} {
		s.m.Sync(s.d, with(step.key, step.filter), keys("5", "9"))
		if c, _ := s.m.Collection(s.d, "5"); c.FilterType != step.want {
			t.Errorf("after %+v the filter is %d", step, c.FilterType)
		}
	}
}

func TestToldUntilTheDeviceComes(t *testing.T) {
	listed := func(s story) { s.syncs(keys("1", "a", "2", "b"), "1", "0", "2", "0") }
	for name, c := range map[string]struct {
		act  func(story)
		told bool // afterwards, of 1
	}{
		"nothing happens":               {func(story) {}, true},
		"it pings again":                {func(s story) { s.m.Ping(s.d, time.Hour, 2, [16]byte{1}, nil) }, true},
		"told once more":                {func(s story) { s.m.Told(s.d, []string{"1"}) }, true},
		"it syncs the folder":           {func(s story) { s.syncs(keys("1", "a2"), "1", "a") }, false},
		"it repeats an old Sync":        {func(s story) { s.syncs(keys("1", "a"), "1", "0") }, false},
		"it syncs, nothing is new":      {func(s story) { s.syncs(eas.SyncResponse{Empty: true}, "1", "a") }, false},
		"it syncs another folder":       {func(s story) { s.syncs(keys("2", "b2"), "2", "b") }, true},
		"an empty Sync":                 {func(s story) { s.m.SyncAgain(s.d, eas.SyncResponse{Empty: true}) }, false},
		"an empty Sync that is refused": {func(s story) { s.m.SyncAgain(s.d, eas.SyncResponse{Status: eas.SyncIncomplete}) }, true},
		"a partial Sync of another":     {func(s story) { s.m.Sync(s.d, partialSync("2", "b"), keys("2", "b2")) }, false},
		"an empty Sync of another": {func(s story) {
			s.syncs(keys("2", "b2"), "2", "b")
			s.m.SyncAgain(s.d, keys("2", "b3"))
		}, true},
		"a Sync that is refused":      {func(s story) { s.syncs(eas.SyncResponse{Status: 142}, "1", "a") }, true},
		"a folder that is refused":    {func(s story) { s.syncs(refused("1", eas.SyncServerError), "1", "a") }, true},
		"an invalid key":              {func(s story) { s.syncs(refused("1", eas.SyncInvalidKey), "1", "a") }, false},
		"an invalid key of the whole": {func(s story) { s.syncs(eas.SyncResponse{Status: eas.SyncInvalidKey}, "1", "a") }, false},
		"the folder is deleted": {func(s story) {
			s.m.FolderSync(s.d, eas.FolderSyncRequest{SyncKey: "1"}, eas.FolderSyncResponse{Status: 1, Delete: []string{"1"}})
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := tell(t)
			listed(s)
			s.m.Told(s.d, []string{"1"})
			c.act(s)
			if got := s.m.WasTold(s.d, []string{"1"}); got != c.told {
				t.Errorf("it was told: %v, want %v", got, c.told)
			}
			if s.m.WasTold(s.d, []string{"1", "2"}) || s.m.WasTold(s.d, nil) || s.m.WasTold(Device{ID: "other"}, []string{"1"}) {
				t.Error("it was told of what nobody has told it")
			}
		})
	}
	stranger := NewMemory(roomy)
	if stranger.Told(Device{ID: "x"}, []string{"1"}); stranger.Len() != 0 {
		t.Error("a device is known that was only told of something")
	}
}
