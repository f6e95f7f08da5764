package proxy

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/diastole/diastole/internal/lab"
	"github.com/diastole/diastole/wbxml/eas"
)

func TestAskIsWhatWasSaidFilledUpWithWhatWasAccepted(t *testing.T) {
	partial := syncOf("1")
	partial.Partial = true
	both := syncOf("1")
	both.Interval = 60
	plain := syncOf("1")
	plain.Wait = -1
	none := -1 * time.Nanosecond
	for name, c := range map[string]struct {
		command      eas.Command
		body         string
		cut          bool // it was too large to be read
		form         string
		interval     time.Duration
		folders      int
		waits        bool
		saidInterval time.Duration
		saidFolders  int
	}{
		"Ping, full":          {eas.CommandPing, string(pingOf("600", "1")), false, "full", 10 * time.Minute, 1, true, 10 * time.Minute, 1},
		"Ping, interval only": {eas.CommandPing, string(pingOf("600")), false, "interval-only", 10 * time.Minute, 3, true, 10 * time.Minute, -1},
		"Ping, folders only":  {eas.CommandPing, string(pingOf("", "1")), false, "folders-only", 8 * time.Minute, 1, true, none, 1},
		"Ping, empty":         {eas.CommandPing, "", false, "empty", 8 * time.Minute, 3, true, none, -1},
		"Ping, no number":     {eas.CommandPing, string(pingOf("x", "1")), false, "full", 0, 1, true, 0, 1},
		"Ping, unread":        {eas.CommandPing, "x", false, "unread", 0, 0, true, none, -1},
		"Ping, too large":     {eas.CommandPing, "", true, "unread", 0, 0, true, none, -1},
		"Ping, no child":      {eas.CommandPing, "\x03\x01\x6a\x00\x00\x0d\x05", false, "empty", 8 * time.Minute, 3, true, none, -1},
		"Sync, waits":         {eas.CommandSync, string(syncOf("1").Append(nil, "14.1")), false, "full", 15 * time.Minute, 1, true, none, -1},
		"Sync, partial":       {eas.CommandSync, string(partial.Append(nil, "14.1")), false, "partial", 15 * time.Minute, 1, true, none, -1},
		"Sync, does not wait": {eas.CommandSync, string(plain.Append(nil, "14.1")), false, "full", 0, 1, false, none, -1},
		"Sync, two intervals": {eas.CommandSync, string(both.Append(nil, "14.1")), false, "full", 0, 1, false, none, -1},
		"Sync, empty":         {eas.CommandSync, "", false, "empty", 2 * time.Minute, 2, true, none, -1},
		"Sync, unread":        {eas.CommandSync, "x", false, "unread", 0, 0, false, none, -1},
		"Sync, too large":     {eas.CommandSync, "", true, "unread", 0, 0, false, none, -1},
	} {
		t.Run(name, func(t *testing.T) {
			p := New(Config{Upstream: &url.URL{Scheme: "http", Host: "up.test"}})
			p.memory.Ping(dev1, 8*time.Minute, 3, [16]byte{}, nil)
			p.memory.Sync(dev1, eas.SyncRequest{Wait: 2, Interval: -1, Collections: make([]eas.SyncCollection, 2)}, eas.SyncResponse{Empty: true})
			r := httptest.NewRequest(http.MethodPost, "/", nil)
			r.Header.Set("Authorization", basic("anna", "x"))
			p.memory.Accept(dev1, [16]byte(p.credentials(r)))
			a := p.read(r, eas.Envelope{Command: c.command, DeviceID: "dev1", DeviceType: "phone", User: "claimed"}, []byte(c.body), !c.cut)
			said := a.saidInterval
			if said < 0 {
				said = none
			}
			if a.form != c.form || a.interval != c.interval || a.folders != c.folders || a.waits != c.waits || said != c.saidInterval || a.saidFolders != c.saidFolders {
				t.Errorf("read as %+v", a)
			}
			if a.user != "anna" || !a.tracked || a.device != dev1 {
				t.Errorf("read as %s's %+v", a.user, a.device)
			}
			if again, _ := p.memory.Last(dev1); again.Interval != 8*time.Minute || again.Hold != 2*time.Minute {
				t.Errorf("asking alone is remembered: %+v", again)
			}
		})
	}
}

// net/http gives a handler no time limit for a body: without ours a byte a minute
// would hold a connection, and what belongs to it, for ever.
func TestBodyOfAWaitThatNeverComesIsNotWaitedFor(t *testing.T) {
	for _, cmd := range []string{"Ping", "Sync", "SendMail"} {
		synctest.Test(t, func(t *testing.T) {
			s := inMemory(t, lab.Answer(nothingNew))
			phone := s.call()
			raw := post{cmd: cmd, body: pingOf("480", "1")}.raw()
			began := time.Now()
			phone.send(raw[:len(raw)-1])
			got := phone.reply()
			if took := time.Since(began); got.code != 408 || took > time.Minute || !phone.reply().cut {
				t.Errorf("%s: %+v after %v", cmd, got, took)
			}
			if n := s.count("diastole_malformed_bodies_total"); n != 1 || len(s.up.Requests()) != 0 {
				t.Errorf("%v malformed bodies, %d requests went up", n, len(s.up.Requests()))
			}
			s.wantOutcomes()
		})
	}
}

func TestBrokenChunksAreTheClientsFault(t *testing.T) {
	for _, cmd := range []string{"Ping", "Sync", "SendMail"} {
		for _, chunks := range []string{"zz\r\n", "5\r\nabc\r\n0\r\n\r\n", "ffffffffffffffffff\r\n", "-1\r\n"} {
			s := onSockets(t, lab.Answer(nothingNew))
			phone := s.call()
			phone.send("POST /Microsoft-Server-ActiveSync?Cmd=" + cmd + " HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + strings.Repeat("x", 100))
			if got := phone.reply(); got.code != 400 {
				t.Errorf("%s, %q: %+v", cmd, chunks, got)
			}
			s.settled()
			if s.count("diastole_malformed_bodies_total") != 1 || s.count("diastole_upstream_errors_total") != 0 {
				t.Errorf("%s, %q: counted %+v, %+v", cmd, chunks, s.series("diastole_malformed_bodies_total"), s.series("diastole_upstream_errors_total"))
			}
			s.wantQuiet()
		}
	}
}

// The end of a Ping's body that is too large to be read comes while it is held.
func TestBrokenChunkOfALargePingIsADeviceThatLeft(t *testing.T) {
	s := onSockets(t, lab.Answer(nothingNew))
	phone := s.call()
	phone.send("POST /Microsoft-Server-ActiveSync?Cmd=Ping HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n" + lab.Chunk(string(manyFolders(5000))) + "zz\r\n")
	if got := phone.reply(); got.code != 400 {
		t.Errorf("%+v", got)
	}
	s.settled()
	s.wantOutcomes("ping left")
	if s.count("diastole_malformed_bodies_total") != 1 || s.count("diastole_upstream_errors_total") != 0 {
		t.Errorf("counted %+v, %+v", s.series("diastole_malformed_bodies_total"), s.series("diastole_upstream_errors_total"))
	}
	s.wantQuiet()
}
