package proxy

import (
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/diastole/diastole/internal/lab"
	"github.com/diastole/diastole/wbxml/eas"
)

func TestScenario11OddIntervals(t *testing.T) {
	for _, interval := range []string{"1", "5", "0", "-100", "6000000", "99999999999999999999", "480s", " 480", "4 80", "1e3", "٤٨٠"} {
		t.Run(interval, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				// The server takes a second to say that it wants another interval.
				said := eas.PingResponse{Status: eas.PingInterval, Interval: 60}.Append(nil)
				s := inMemory(t, after(time.Second, lab.Answer(document(said))))
				body := pingOf(interval, "1")
				began := time.Now()
				wantReply(t, s.ask(post{cmd: "Ping", body: body}), 200, string(said))
				if took := time.Since(began); took != time.Second {
					t.Errorf("answered after %v: that was not the server", took)
				}
				s.wantSent(body)
				s.settled()
				s.wantOutcomes("ping refused")
				s.wantUnread()
				if s.proxy.memory.Len() != 0 {
					t.Errorf("remembered: %+v", s.last(dev1))
				}
			})
		})
	}
	t.Run("what is no number is no interval", func(t *testing.T) {
		s := onSockets(t, lab.Answer(nothingNew))
		s.ask(post{cmd: "Ping", body: pingOf("-5", "1")})
		s.wantBegun("full", 0, 1)
	})
	t.Run("two intervals are one that is not known", func(t *testing.T) {
		s := onSockets(t, lab.Answer(nothingNew))
		body := pingOf("480", "1")
		again := strings.Replace(string(body), "\x48\x03480\x00\x01", "\x48\x03480\x00\x01\x48\x03900\x00\x01", 1)
		s.ask(post{cmd: "Ping", body: []byte(again)})
		s.wantBegun("full", 0, 1)
		s.wantSent([]byte(again))
	})
}

func TestScenario13ServerNamesItsLimit(t *testing.T) {
	for name, c := range map[string]struct {
		p      post
		answer []byte
	}{
		"Ping, maximum": {post{cmd: "Ping", body: pingOf("3600", "1")}, eas.PingResponse{Status: 5, Interval: 3540}.Append(nil)},
		"Ping, minimum": {post{cmd: "Ping", body: pingOf("20", "1")}, eas.PingResponse{Status: 5, Interval: 60}.Append(nil)},
		"Sync":          {post{cmd: "Sync", body: syncOf("1").Append(nil, "14.1")}, (&eas.SyncResponse{Status: 14, Limit: 59}).Append(nil)},
	} {
		t.Run(name, func(t *testing.T) {
			s := onSockets(t, lab.Answer(document(c.answer)))
			wantReply(t, s.ask(c.p), 200, string(c.answer))
			s.wantSent(c.p.body)
			s.settled()
			s.wantOutcomes(strings.ToLower(c.p.cmd) + " refused")
			if n := s.proxy.memory.Len(); n != 0 {
				t.Errorf("a refused interval is remembered: %+v", s.last(dev1))
			}
		})
	}
	t.Run("what was accepted before stays", func(t *testing.T) {
		s := onSockets(t, lab.Answer(nothingNew))
		s.ask(post{cmd: "Ping", body: pingOf("480", "1")})
		s.up.SetScript(lab.Answer(document(eas.PingResponse{Status: 5, Interval: 900}.Append(nil))))
		s.ask(post{cmd: "Ping", body: pingOf("1200", "1", "2")})
		if last := s.last(dev1); last.Interval != 480*time.Second || last.Folders != 1 {
			t.Errorf("remembered: %+v, want the 480 s and one folder of before", last)
		}
	})
}

// Every timer of ours is at its default, and the server answers in the last
// second: read, write, idle, header, keep-alive, the kept connection's age.
func TestScenario14AnHourWithEveryDefault(t *testing.T) {
	const hour = 3540 * time.Second
	long := syncOf("1")
	long.Wait = 59
	seconds := syncOf("1")
	seconds.Wait, seconds.Interval = -1, 3540
	empty := "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
	for name, c := range map[string]struct {
		p             post
		answer, ended string
		first         bool // a Ping goes before it, on the same two connections
	}{
		"Ping":                            {p: post{cmd: "Ping", body: pingOf("3540", "1")}, answer: nothingNew, ended: "ping expired"},
		"Ping on connections used before": {p: post{cmd: "Ping", body: pingOf("3540", "1")}, answer: nothingNew, ended: "ping expired", first: true},
		"empty Ping of an unknown device": {p: post{cmd: "Ping"}, answer: nothingNew, ended: "ping expired"},
		"Ping in chunks":                  {p: post{cmd: "Ping", body: pingOf("3540"), chunked: true}, answer: nothingNew, ended: "ping expired"},
		"Ping too large to be read":       {p: post{cmd: "Ping", body: manyFolders(5000)}, answer: nothingNew, ended: "ping expired"},
		"Ping with credentials for a pin": {p: post{cmd: "Ping", body: pingOf("3540"), lines: "Authorization: Negotiate YII=\r\n"}, answer: nothingNew, ended: "ping expired"},
		"Sync with Wait":                  {p: post{cmd: "Sync", body: long.Append(nil, "12.1")}, answer: empty, ended: "sync expired"},
		"Sync with HeartbeatInterval":     {p: post{cmd: "Sync", body: seconds.Append(nil, "14.1")}, answer: empty, ended: "sync expired"},
		"empty Sync of an unknown device": {p: post{cmd: "Sync"}, answer: empty},
		"a command that is slow":          {p: post{cmd: "Search", body: []byte("x")}, answer: empty},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := inMemory(t, lab.Answer(nothingNew))
				phone := s.call()
				if c.first {
					phone.ask(post{cmd: "Ping", device: "before"})
					time.Sleep(time.Minute - time.Second)
				}
				s.up.SetScript(after(hour, lab.Answer(c.answer)))
				began := time.Now()
				_, body, _ := strings.Cut(c.answer, "\r\n\r\n")
				wantReply(t, phone.ask(c.p), 200, body)
				if took := time.Since(began); took != hour {
					t.Errorf("answered after %v", took)
				}
				s.settled()
				ended := []string{"ping expired", c.ended}
				if !c.first {
					ended = ended[1:]
				}
				if c.ended == "" {
					ended = nil
				}
				s.wantOutcomes(ended...)
				if length := s.count("diastole_wait_held_seconds"); length != float64(len(ended)) {
					t.Errorf("%v waits were measured, want %d", length, len(ended))
				}
				s.wantQuiet()
			})
		})
	}
	t.Run("twenty hours one after the other", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := inMemory(t, after(hour, lab.Answer(nothingNew)))
			phone := s.call()
			began := time.Now()
			for i := range 20 {
				wantReply(t, phone.ask(post{cmd: "Ping", body: pingOf("3540", strconv.Itoa(i))}), 200, pingSays(1))
			}
			if took := time.Since(began); took != 20*hour {
				t.Errorf("20 waits took %v", took)
			}
		})
	})
}
