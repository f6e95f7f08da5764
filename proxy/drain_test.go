package proxy

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/diastole/diastole/internal/lab"
)

func TestDrainIsSpreadOverTheWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const phones, window = 200, 25 * time.Second
		s := inMemory(t, after(time.Hour, lab.Answer(nothingNew)))
		type ended struct {
			got reply
			at  time.Duration
		}
		answers := make(chan ended, phones)
		begin := time.Now()
		for i := range phones {
			p := post{cmd: "Ping", device: fmt.Sprint("d", i), body: pingOf("3540", "1")}
			if i%2 == 1 {
				p = post{cmd: "Sync", device: fmt.Sprint("d", i), body: syncOf("1").Append(nil, "14.1")}
			}
			phone := s.call()
			go func() {
				got := phone.ask(p)
				answers <- ended{got, time.Since(begin)}
			}()
		}
		synctest.Wait()
		time.Sleep(time.Minute)
		begin = time.Now()
		s.proxy.Drain(window)
		if took := time.Since(begin); took != 0 {
			t.Errorf("Drain returned after %v", took)
		}
		perSecond := map[int]int{}
		for range phones {
			e := <-answers
			if e.at > window {
				t.Errorf("answered %v after the drain began", e.at)
			}
			perSecond[int(e.at.Seconds())]++
			switch e.got.header.Get("Content-Length") {
			case "13":
				wantReply(t, e.got, 200, pingSays(1))
			default:
				wantReply(t, e.got, 200, "")
				if e.got.header.Get("Content-Length") != "0" || len(e.got.header["Content-Type"]) != 0 {
					t.Errorf("a Sync was answered with %v", e.got.header)
				}
			}
		}
		for second, n := range perSecond {
			if n > phones/5 {
				t.Errorf("%d of %d in second %d", n, phones, second)
			}
		}
		if len(perSecond) < 20 {
			t.Errorf("answers came in %d of 25 seconds", len(perSecond))
		}
		s.settled()
		s.wantOutcomes(append(slices.Repeat([]string{"ping drained"}, 100), slices.Repeat([]string{"sync drained"}, 100)...)...)
		if n := s.count("diastole_upstream_errors_total"); n != 0 {
			t.Errorf("the server is blamed %v times", n)
		}
		s.wantQuiet()
	})
}

func TestDrainRefusesNewWaitsAndNothingElse(t *testing.T) {
	s := onSockets(t, lab.Answer("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"))
	s.proxy.Drain(time.Hour)
	plain := syncOf("1")
	plain.Wait = -1
	for _, p := range []post{{cmd: "Ping", body: pingOf("480", "1")}, {cmd: "Ping"}, {cmd: "Sync", body: syncOf("1").Append(nil, "14.1")}} {
		phone := s.call()
		got := phone.ask(p)
		wantReply(t, got, 503, "")
		if got.header.Get("Retry-After") != "1" {
			t.Errorf("%s: %v", p.cmd, got.header)
		}
		if !phone.reply().cut {
			t.Errorf("%s: the connection stays: its next request belongs elsewhere", p.cmd)
		}
	}
	for _, p := range []post{{cmd: "FolderSync", body: []byte("x")}, {cmd: "Sync", body: plain.Append(nil, "14.1")}, {cmd: "SendMail", body: []byte("mail")}} {
		wantReply(t, s.ask(p), 200, "")
	}
	s.settled()
	s.wantOutcomes()
}

// The server has begun to answer with mail: that answer comes first.
func TestDrainDoesNotCutAnAnswer(t *testing.T) {
	for name, begun := range map[string]bool{"that has begun": true, "that begins before its turn": false} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				body := largeAnswer("1", "2", 200<<10)
				half := after(time.Millisecond, func(x *lab.Exchange) error { return x.Send(document(body)[:100<<10]) })
				s := inMemory(t, func(x *lab.Exchange) error {
					if err := half(x); err != nil {
						return err
					}
					return after(48*time.Hour, lab.Answer(document(body)[100<<10:]))(x)
				})
				phone := s.call()
				phone.send(post{cmd: "Sync", body: syncOf("1").Append(nil, "14.1")}.raw())
				if begun {
					time.Sleep(time.Second)
				}
				synctest.Wait()
				s.proxy.Drain(24 * time.Hour)
				wantReply(t, phone.reply(), 200, body)
				s.settled()
				s.wantOutcomes("sync changed")
				s.wantUnread()
			})
		})
	}
}

func TestDrainOfAWaitThatEndsByItselfIsNoDrain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := inMemory(t, after(time.Millisecond, lab.Answer(nothingNew)))
		phone := s.call()
		phone.send(post{cmd: "Ping", body: pingOf("60")}.raw())
		synctest.Wait()
		s.proxy.Drain(24 * time.Hour)
		wantReply(t, phone.reply(), 200, pingSays(1))
		s.settled()
		s.wantOutcomes("ping early")
	})
}

// What carries items is never answered by us: the empty answer would say that
// they were taken.
func TestDrainNeverTakesItems(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		body := string(syncOf("1").Append(nil, "14.1"))
		add := "\x56\x47\x4c\x03new\x00\x01\x5d\x00\x02\x54\x03hello\x00\x01\x01\x01\x01\x00\x00"
		at := strings.Index(body, "\x01\x01\x64") // the ends of Collection and Collections, then Wait
		if at < 0 {
			t.Fatalf("%q has no place for an item", body)
		}
		s := inMemory(t, after(time.Minute, lab.Answer(quietSync)))
		phone := s.call()
		phone.send(post{cmd: "Sync", body: []byte(body[:at] + add + body[at:])}.raw())
		synctest.Wait()
		s.proxy.Drain(time.Second)
		began := time.Now()
		wantReply(t, phone.reply(), 200, "")
		if took := time.Since(began); took != time.Minute {
			t.Errorf("answered after %v: that was not the server", took)
		}
		s.settled()
		s.wantOutcomes()
		s.wantUnread()
	})
}
