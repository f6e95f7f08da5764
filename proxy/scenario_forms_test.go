package proxy

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/diastole/diastole/internal/lab"
	"github.com/diastole/diastole/proxy/watch"
	"github.com/diastole/diastole/wbxml/eas"
)

var nothingNew = document(pingSays(eas.PingExpired))

func TestScenario6PingWithoutABody(t *testing.T) {
	s := onSockets(t, lab.Answer(nothingNew))
	wantReply(t, s.ask(post{cmd: "Ping", body: pingOf("480", "1", "2")}), 200, pingSays(1))

	t.Run("goes up as it is", func(t *testing.T) {
		wantReply(t, s.ask(post{cmd: "Ping"}), 200, pingSays(1))
		got := s.sent(2)[1]
		if got.Get("Content-Type") != "" || got.Get("Content-Length") != "0" || got.Framing != lab.FramedLength || got.BodySize != 0 {
			t.Errorf("it went up as %q with %d bytes", got.Head, got.BodySize)
		}
	})
	t.Run("is filled up from this device's own last Ping", func(t *testing.T) { s.wantBegun("empty", 480, 2) })
	t.Run("is not filled up from another device of the user", func(t *testing.T) {
		s.ask(post{cmd: "Ping", device: "dev2"})
		s.wantBegun("empty", 0, 0)
	})
	t.Run("is not filled up from another user of the device", func(t *testing.T) {
		s.ask(post{cmd: "Ping", user: "bob"})
		s.wantBegun("empty", 0, 0)
	})
	t.Run("takes nothing from a Sync", func(t *testing.T) {
		sync := eas.SyncRequest{Wait: -1, Interval: 90, Collections: []eas.SyncCollection{{ID: "9", SyncKey: "7", GetChanges: true}}}
		s.up.SetScript(lab.Answer("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"))
		s.ask(post{cmd: "Sync", body: sync.Append(nil, "14.1")})
		s.up.SetScript(lab.Answer(nothingNew))
		s.ask(post{cmd: "Ping"})
		s.wantBegun("empty", 480, 2)
	})
	s.settled()
	s.wantUnread()
}

func TestScenario7PingWithHalfOfItself(t *testing.T) {
	full, interval, folders := pingOf("480", "1", "2"), pingOf("900"), pingOf("", "3")
	s := onSockets(t, lab.Answer(nothingNew))
	for i, step := range []struct {
		name, form string
		body       []byte
		seconds    float64
		folders    int64
	}{
		{"first the whole", "full", full, 480, 2},
		{"an interval leaves the folders", "interval-only", interval, 900, 2},
		{"folders leave the interval", "folders-only", folders, 900, 1},
		{"nothing leaves both", "empty", nil, 900, 1},
	} {
		t.Run(step.name, func(t *testing.T) {
			wantReply(t, s.ask(post{cmd: "Ping", body: step.body}), 200, pingSays(1))
			s.wantBegun(step.form, step.seconds, step.folders)
			if got := s.sent(i + 1)[i]; !bytes.Equal(got.Body, step.body) {
				t.Errorf("%q went up as %q", step.body, got.Body)
			}
		})
	}
	t.Run("what the device never said is not invented", func(t *testing.T) {
		s.ask(post{cmd: "Ping", device: "new", body: folders})
		s.wantBegun("folders-only", 0, 1)
		if last := s.last(watch.Device{Principal: "anna", ID: "new", Type: "phone"}); last.Interval != 0 || last.Folders != 1 {
			t.Errorf("remembered: %+v", last)
		}
	})
}

func TestScenario8PingInChunks(t *testing.T) {
	ping := pingOf("480", "1", "2")
	for name, p := range map[string]post{
		"small":        {cmd: "Ping", body: ping, chunked: true},
		"over 64 KiB":  {cmd: "Ping", body: manyFolders(5000), chunked: true},
		"Sync":         {cmd: "Sync", body: syncOf("1").Append(nil, "14.1"), chunked: true},
		"Sync, 100 KB": {cmd: "Sync", body: largeSync(100 << 10), chunked: true},
	} {
		t.Run(name, func(t *testing.T) {
			s := onSockets(t, lab.Answer("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"))
			s.ask(p)
			s.wantSent(p.body)
			if got := s.sent(1)[0]; got.Framing != lab.FramedChunked || got.Get("Content-Length") != "" {
				t.Errorf("it went up as %q", got.Head)
			}
		})
	}
	t.Run("it is understood", func(t *testing.T) {
		s := onSockets(t, lab.Answer(nothingNew))
		s.ask(post{cmd: "Ping", body: ping, chunked: true})
		s.wantBegun("full", 480, 2)
		if last := s.last(dev1); last.Interval != 480*time.Second {
			t.Errorf("remembered: %+v", last)
		}
	})
}

func TestScenario9ManyFolders(t *testing.T) {
	tooMany := document(eas.PingResponse{Status: eas.PingTooManyFolders, MaxFolders: 200}.Append(nil))
	limit := eas.SyncResponse{Status: eas.SyncTooManyCollections, Limit: 100}
	for _, c := range []struct {
		name, answer, outcome string
		p                     post
		folders               int64
	}{
		{"the same folder twice", nothingNew, "ping early", post{cmd: "Ping", body: pingOf("480", "1", "1")}, 2},
		{"300 folders", nothingNew, "ping early", post{cmd: "Ping", body: manyFolders(300)}, 300},
		{"Ping Status 6", tooMany, "ping refused", post{cmd: "Ping", body: manyFolders(300)}, 300},
		{"Sync Status 15", document(limit.Append(nil)), "sync refused", post{cmd: "Sync", body: syncOf("1", "2").Append(nil, "14.1")}, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := onSockets(t, lab.Answer(c.answer))
			got := s.ask(c.p)
			_, body, _ := strings.Cut(c.answer, "\r\n\r\n")
			wantReply(t, got, 200, body)
			s.wantSent(c.p.body)
			s.wantOutcomes(c.outcome)
			if s.begun()["folders"] != c.folders {
				t.Errorf("%v folders, want %d", s.begun()["folders"], c.folders)
			}
			s.wantUnread()
		})
	}
}

// syncOf is a Sync that waits for 15 minutes.
func syncOf(folders ...string) *eas.SyncRequest {
	r := &eas.SyncRequest{Wait: 15, Interval: -1}
	for _, id := range folders {
		r.Collections = append(r.Collections, eas.SyncCollection{ID: id, SyncKey: "1", FilterType: -1, GetChanges: true})
	}
	return r
}

// largeSync is a Sync that does not wait, of at least that many bytes.
func largeSync(size int) []byte {
	r := eas.SyncRequest{Wait: -1, Interval: -1}
	for i := 0; i*70 < size; i++ {
		r.Collections = append(r.Collections, eas.SyncCollection{ID: fmt.Sprintf("folder-%060d", i), SyncKey: "1", FilterType: -1, GetChanges: true})
	}
	return r.Append(nil, "14.1")
}

func manyFolders(n int) []byte {
	folders := make([]string, n)
	for i := range folders {
		folders[i] = fmt.Sprint("folder", i)
	}
	return pingOf("480", folders...)
}
