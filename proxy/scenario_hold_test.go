package proxy

import (
	"fmt"
	"io"
	"testing"
	"testing/synctest"
	"time"
)

func TestScenario1SecondPingOfOneDevice(t *testing.T) {
	inBothWorlds(t, func(w *world) {
		w.accepted(wants{})
		first := w.asks(wants{interval: "900"})
		up := w.up()
		for range 2 {
			// A phone that lost its connection, and asks again.
			second := w.asks(wants{interval: "900"})
			first.released()
			up.brings()
			second.gets(up)
			second.again(wants{interval: "900"})
			first, up = second, w.up()
		}
		up.brings()
		first.gets(up)
		w.saw(3) // at most one at a time
	})
}

// Both come in the same instant: one of them is the newer, whatever the clock says.
func TestScenario2TwoPingsInOneInstant(t *testing.T) {
	inABubble(t, func(w *world) {
		for i := range 50 {
			device := fmt.Sprint("d", i)
			w.accepted(wants{device: device})
			phones := [2]*handset{w.rings(), w.rings()}
			both := [2]<-chan reply{}
			for j, h := range phones {
				both[j] = h.answerTo(wants{device: device})
			}
			synctest.Wait()
			up := w.up()
			w.saw(i + 1)
			var released, waits reply
			select {
			case released = <-both[0]:
				up.brings()
				waits = <-both[1]
			case released = <-both[1]:
				up.brings()
				waits = <-both[0]
			}
			phones[0].gotOurs(released)
			wantReply(w.T, waits, 200, up.said)
		}
		w.allOver(100)
	})
	t.Run("three, and nobody waits for anybody", func(t *testing.T) {
		inBothWorlds(t, func(w *world) {
			w.accepted(wants{})
			phones := []*handset{w.rings(), w.rings(), w.rings()}
			answers := make(chan reply, len(phones))
			for _, h := range phones {
				go func() { answers <- <-h.answerTo(wants{}) }()
			}
			up := w.up()
			for range 2 {
				phones[0].gotOurs(<-answers)
			}
			up.brings()
			wantReply(w.T, <-answers, 200, up.said)
			w.saw(1)
		})
	})
}

// answerTo asks, and gives the answer when it has come.
func (h *handset) answerTo(q wants) <-chan reply {
	got := make(chan reply, 1)
	go func() {
		_, _ = io.WriteString(h, q.raw()) // if it fails nothing is answered
		got <- h.reply()
	}()
	return got
}

// rings is a phone that has not asked yet.
func (w *world) rings() *handset {
	w.Helper()
	h := w.ringsFrom(w.ips[0])
	w.Cleanup(func() { h.Close() })
	return h
}

func TestScenario3OneDeviceIdOfTwoUsers(t *testing.T) {
	inBothWorlds(t, func(w *world) {
		hers, his := wants{user: "anna"}, wants{user: "bert"}
		w.accepted(hers)
		w.accepted(his)
		anna := w.asks(hers)
		annas := w.up()
		bert := w.asks(his)
		berts := w.up()
		if userOf(annas.Recorded) != "anna" || userOf(berts.Recorded) != "bert" {
			w.Fatalf("up went %s and %s", annas.Target, berts.Target)
		}
		anna.hearsNothing(time.Minute)
		w.command(wants{user: "bert", cmd: "Sync"})
		bert.released()
		berts.isCancelled()
		anna.hearsNothing(time.Minute)
		annas.isHeld()
		again := w.asks(hers)
		anna.released()
		annas.brings()
		again.gets(annas)
		w.saw(2)
	})
}

func TestScenario4SyncWhileAPingIsHeld(t *testing.T) {
	for name, linger := range map[string]time.Duration{"": 0, "and would linger": time.Minute} {
		t.Run(name, func(t *testing.T) {
			inBothWorlds(t, func(w *world) {
				w.accepted(wants{})
				ping := w.asks(wants{})
				up := w.up()
				for range 3 {
					if code := w.command(wants{cmd: "Sync"}); code != 200 { // in no time: see command
						w.Errorf("the Sync was answered %d", code)
					}
					ping.released()
					up.isCancelled()
					ping.again(wants{})
					up = w.up()
				}
				up.brings()
				ping.gets(up)
				w.saw(4)
			}, lingering(linger))
		})
	}
}

func TestScenario5PingAfterOneThatTimedOut(t *testing.T) {
	inABubble(t, func(w *world) {
		w.accepted(wants{})
		phone := w.asks(wants{})
		for range 5 {
			up := w.up()
			phone.hearsNothing(480*time.Second - time.Millisecond)
			time.Sleep(time.Millisecond)
			up.says(pingSays(1))
			phone.gets(up)
			phone.again(wants{})
		}
		up := w.up()
		phone.hearsNothing(479 * time.Second) // in full again
		up.brings()
		phone.gets(up)
		w.saw(6)
		w.allOver(6)
	})
	t.Run("that the proxy ended", func(t *testing.T) {
		inABubble(t, func(w *world) {
			w.accepted(wants{})
			phone := w.asks(wants{})
			for range 5 {
				up := w.up() // never answered
				phone.hearsNothing(480*time.Second - time.Millisecond)
				time.Sleep(time.Millisecond)
				phone.released()
				up.isCancelled()
				phone.again(wants{})
			}
			up := w.up()
			phone.hearsNothing(479 * time.Second)
			up.brings()
			phone.gets(up)
			w.saw(6)
		})
	})
}
