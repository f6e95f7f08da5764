package proxy

import (
	"fmt"
	"testing"
	"time"

	"github.com/diastole/diastole/internal/lab"
	"github.com/diastole/diastole/wbxml/eas"
)

// What a device asked is what a device asked only when its server has taken it:
// anybody can claim to be anna.
func TestLawNothingIsRememberedThatTheServerHasNotAccepted(t *testing.T) {
	refusal := func(status string) string {
		return fmt.Sprintf("HTTP/1.1 %s\r\nContent-Type: application/vnd.ms-sync.wbxml\r\nContent-Length: 0\r\n\r\n", status)
	}
	syncSays := func(status eas.SyncStatus) string { return document((&eas.SyncResponse{Status: status}).Append(nil)) }
	plain := syncOf("1", "2")
	plain.Wait = -1
	asked := map[string][]byte{
		"Ping": pingOf("1", "1"), "hanging Sync": syncOf("1", "2").Append(nil, "14.1"), "Sync": plain.Append(nil, "14.1"), "large Sync": largeSync(100 << 10),
	}
	for name, answers := range map[string][2]string{ // to a Ping, to a Sync
		"401":                   {refusal("401 Unauthorized"), refusal("401 Unauthorized")},
		"403":                   {refusal("403 Forbidden"), refusal("403 Forbidden")},
		"449":                   {refusal("449 Retry After"), refusal("449 Retry After")},
		"451":                   {refusal("451 Redirect"), refusal("451 Redirect")},
		"503":                   {refusal("503 Service Unavailable"), refusal("503 Service Unavailable")},
		"204":                   {"HTTP/1.1 204 No Content\r\n\r\n", "HTTP/1.1 204 No Content\r\n\r\n"},
		"sign-in page":          {"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 2\r\n\r\nhi", "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 2\r\n\r\nhi"},
		"not provisioned":       {document(pingSays(142)), syncSays(142)},
		"remote wipe":           {document(pingSays(140)), syncSays(140)},
		"interval out of range": {document(pingSays(5)), syncSays(14)},
		"server error":          {document(pingSays(8)), syncSays(5)},
		"nothing cached":        {document(pingSays(3)), syncSays(13)},
		"a document cut short":  {document(pingSays(1)[:9]), document(string(plain.Append(nil, "14.1")[:9]))},
		"another document":      {syncSays(1), document(pingSays(1))},
		"an answer that is cut": {docHead + "Content-Length: 99\r\n\r\n" + pingSays(1), docHead + "Content-Length: 99\r\n\r\n" + pingSays(1)},
	} {
		for what, body := range asked {
			t.Run(name+"/"+what, func(t *testing.T) {
				p, said := post{cmd: "Sync", body: body}, answers[1]
				if what == "Ping" {
					p.cmd, said = "Ping", answers[0]
				}
				s := onSockets(t, after(0, cutAfter(said)))
				s.ask(p)
				s.settled()
				if n := s.proxy.memory.Len(); n != 0 {
					t.Errorf("%d devices are remembered: %+v", n, s.last(dev1))
				}
				s.wantQuiet()
			})
		}
	}
}

func TestWhatTheServerHasAcceptedIsRemembered(t *testing.T) {
	keys := (&eas.SyncResponse{Collections: []eas.SyncAnswer{{ID: "1", SyncKey: "2", Status: 1}, {ID: "2", SyncKey: "12", Status: 1}}}).Append(nil)
	plain := syncOf("1", "2")
	plain.Wait = -1
	for name, c := range map[string]struct {
		p          post
		answer     string
		interval   time.Duration
		hold       time.Duration
		key1, key2 string
	}{
		"Ping":                {post{cmd: "Ping", body: pingOf("480", "1")}, nothingNew, 480 * time.Second, 0, "", ""},
		"Ping with mail":      {post{cmd: "Ping", body: pingOf("480", "1")}, document(eas.PingResponse{Status: 2, Folders: []string{"1"}}.Append(nil)), 480 * time.Second, 0, "", ""},
		"Ping, packed":        {post{cmd: "Ping", body: pingOf("480", "1")}, packed(pingSays(1)), 480 * time.Second, 0, "", ""},
		"hanging Sync, empty": {post{cmd: "Sync", body: syncOf("1", "2").Append(nil, "14.1")}, quietSync, 0, 15 * time.Minute, "1", "1"},
		"hanging Sync":        {post{cmd: "Sync", body: syncOf("1", "2").Append(nil, "14.1")}, document(keys), 0, 15 * time.Minute, "2", "12"},
		"hanging Sync, large": {post{cmd: "Sync", body: syncOf("1", "2").Append(nil, "14.1")}, document(largeAnswer("1", "2", 200<<10)), 0, 15 * time.Minute, "2", "1"},
		"hanging Sync, bomb":  {post{cmd: "Sync", body: syncOf("1", "2").Append(nil, "14.1")}, packed(largeAnswer("1", "2", 8<<20)), 0, 15 * time.Minute, "2", "1"},
		"Sync":                {post{cmd: "Sync", body: plain.Append(nil, "14.1")}, document(keys), 0, 0, "2", "12"},
		"Sync, packed":        {post{cmd: "Sync", body: plain.Append(nil, "14.1")}, packed(string(keys)), 0, 0, "2", "12"},
		"Sync in chunks":      {post{cmd: "Sync", body: plain.Append(nil, "14.1"), chunked: true}, document(keys), 0, 0, "2", "12"},
		"Sync, large answer":  {post{cmd: "Sync", body: plain.Append(nil, "14.1")}, packed(largeAnswer("2", "7", 8<<20)), 0, 0, "1", "7"},
	} {
		t.Run(name, func(t *testing.T) {
			s := onSockets(t, lab.Answer(c.answer))
			s.ask(c.p)
			s.settled()
			last := s.last(dev1)
			key1, _ := s.proxy.memory.Collection(dev1, "1")
			key2, _ := s.proxy.memory.Collection(dev1, "2")
			if last.Interval != c.interval || last.Hold != c.hold || key1.SyncKey != c.key1 || key2.SyncKey != c.key2 {
				t.Errorf("remembered %+v with keys %q and %q", last, key1.SyncKey, key2.SyncKey)
			}
			s.wantUnread()
		})
	}
	t.Run("a large Sync", func(t *testing.T) {
		s := onSockets(t, lab.Answer(quietSync))
		s.ask(post{cmd: "Sync", body: largeSync(100 << 10)})
		s.settled()
		if c, ok := s.proxy.memory.Collection(dev1, fmt.Sprintf("folder-%060d", 7)); !ok || c.SyncKey != "1" {
			t.Errorf("its folders are not known: %+v", c)
		}
	})
}

// largeAnswer is a Sync answer with one item of that many bytes in a folder.
func largeAnswer(folder, key string, size int) string {
	answer := (&eas.SyncResponse{Collections: []eas.SyncAnswer{{ID: folder, SyncKey: key, Status: 1}}}).Append(nil)
	item := "\x56\x47\x5d\x00\x11\x4a\x4b\x03" + fmt.Sprintf("%0*d", size, 0) + "\x00\x01\x01\x01\x01\x01\x00\x00"
	end := len(answer) - 3 // of Collection, Collections and Sync
	return string(answer[:end]) + item + string(answer[end:])
}
