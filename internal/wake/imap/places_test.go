package imap

import (
	"context"
	"errors"
	"fmt"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/diastole/diastole/internal/wake"
)

// crowd lets a server answer every login by itself.
func (w *world) crowd() {
	go func() {
		for conn := range w.arrivals {
			go w.serve(conn)
		}
	}()
	w.Cleanup(func() { close(w.arrivals) })
}

// serve is a server that lets everybody idle, and never says anything.
func (w *world) serve(conn net.Conn) {
	defer conn.Close()
	lines := newClient(conn, time.Hour)
	fmt.Fprintf(conn, "* OK [CAPABILITY IMAP4rev1 IDLE SASL-IR AUTH=PLAIN] hi\r\n")
	for {
		line, err := lines.line()
		if err != nil {
			return
		}
		r := parse(line)
		switch r.kind {
		case "IDLE":
			fmt.Fprintf(conn, "+ idling\r\n")
		case "":
		default:
			fmt.Fprintf(conn, "%s OK [CAPABILITY IMAP4rev1 IDLE] done\r\n", r.tag)
		}
	}
}

func (w *world) person(i int) *ear {
	return w.watch(wake.Mailbox{User: fmt.Sprint("user", i), Password: "p", Inbox: true})
}

func TestTheOneWhoWasWokenLongestAgoLosesHisPlace(t *testing.T) {
	in(t, Config{Connections: 3, Quiet: 24 * time.Hour}, func(w *world) {
		w.crowd()
		var old []*ear
		for i := range 3 {
			old = append(old, w.person(i))
			time.Sleep(time.Second)
		}
		young := w.person(3)
		young.covered(0, false) // all places were taken a moment ago
		w.metric("connections", "capped", 1)
		time.Sleep(11 * time.Minute)
		for _, a := range w.source.accounts { // the oldest has just had mail
			if a.login.user == "user0" {
				a.keeper.heard(wake.Inbox)
			}
		}
		w.person(1) // a phone that asks again has not been woken
		newest := w.person(4)
		newest.covered(wake.Inbox, true)
		old[0].covered(wake.Inbox, true)
		old[1].covered(0, true)
		old[2].covered(wake.Inbox, true)
		old[0].Leave()
		time.Sleep(31 * time.Second) // his place goes to the one outside who was there last
		young.covered(wake.Inbox, true)
		old[1].covered(0, false)
		w.metric("capped_total", "", 2)
		if w.told("wake.imap.connections") != 1 {
			t.Errorf("log: %v", w.log.All())
		}
	})
}

func TestAPlaceThatNobodyWaitsOnIsTakenFirst(t *testing.T) {
	in(t, Config{Connections: 2, Linger: time.Hour}, func(w *world) {
		w.crowd()
		first, second := w.person(0), w.person(1)
		synctest.Wait()
		second.Leave()
		third := w.person(2)
		third.covered(wake.Inbox, true)
		first.covered(wake.Inbox, true)
		if n := len(w.source.accounts); n != 2 {
			t.Errorf("%d accounts", n)
		}
	})
}

func TestACrowdLogsInAFewAtATime(t *testing.T) {
	const crowd, turns = 500, 4
	var w *world
	now, most := 0, 0
	dial := func(context.Context, string, string) (net.Conn, error) {
		w.source.mu.Lock()
		defer w.source.mu.Unlock()
		now++
		most = max(most, now)
		ours, theirs := net.Pipe()
		w.arrivals <- theirs
		return ours, nil
	}
	in(t, Config{Logins: turns, Dial: dial}, func(world *world) {
		w = world
		var all []*ear
		for i := range crowd {
			all = append(all, w.person(i))
		}
		for range crowd {
			synctest.Wait()
			s := w.accept()
			w.source.mu.Lock()
			now--
			w.source.mu.Unlock()
			go w.serve(s.conn)
		}
		for _, e := range all {
			e.covered(wake.Inbox, true)
		}
	})
	if most > turns {
		t.Errorf("%d logins at one time, want at most %d", most, turns)
	}
}

func TestTheNumbersAreRightAfterManyTroubles(t *testing.T) {
	tries := 0
	var w *world
	dial := func(context.Context, string, string) (net.Conn, error) {
		w.source.mu.Lock()
		defer w.source.mu.Unlock()
		if tries++; tries%3 == 0 {
			return nil, errors.New("refused")
		}
		ours, theirs := net.Pipe()
		w.arrivals <- theirs
		return ours, nil
	}
	in(t, Config{Connections: 5, Dial: dial}, func(world *world) {
		w = world
		w.crowd()
		var all []*ear
		for i := range 200 {
			all = append(all, w.person(i%20))
			time.Sleep(41 * time.Second)
			if i%3 == 0 {
				all[i/2].Leave()
			}
			w.source.mu.Lock()
			for id, a := range w.source.accounts {
				if i%7 == 0 && a.keeper != nil && a.keeper.conn != nil && id[0]%2 == 0 {
					a.keeper.conn.Close()
				}
			}
			w.source.mu.Unlock()
			synctest.Wait()
			w.consistent()
		}
		for _, e := range all {
			e.Leave()
		}
		time.Sleep(time.Hour)
		w.consistent()
		if n := len(w.source.accounts); n != 0 {
			t.Errorf("%d accounts are left", n)
		}
	})
}

// consistent compares the counts with what they count.
func (w *world) consistent() {
	w.Helper()
	s := w.source
	s.mu.Lock()
	defer s.mu.Unlock()
	placed, idlers, outside := 0, 0, 0
	for _, a := range s.accounts {
		if a.holds {
			placed++
		}
		if a.linger != nil {
			idlers++
		}
		if a.outside {
			outside++
		}
		if a.covers != 0 && !a.holds {
			w.Errorf("an account listens without a place")
		}
	}
	if placed != s.placed || idlers != s.idlers || outside != s.outside || placed > s.cfg.Connections {
		w.Fatalf("counted %d %d %d, there are %d %d %d", s.placed, s.idlers, s.outside, placed, idlers, outside)
	}
}
