package proxy

import (
	"fmt"
	"slices"
	"strconv"
	"testing"
	"testing/synctest"
	"time"
)

func atMost(waits int) func(*Config) {
	return func(c *Config) { c.Hold.MaxWaits = waits }
}

// annas and berts are devices of the two users, all of them accepted.
func (w *world) annas(n int) wants { return wants{device: fmt.Sprint("a", n)} }
func (w *world) berts(n int) wants { return wants{device: fmt.Sprint("b", n), user: "bert"} }

// queued lets phones ask one after the other; those beyond the limit wait.
func (w *world) queued(asked ...wants) (phones []*handset) {
	w.Helper()
	for i, q := range asked {
		w.accepted(q)
		phones = append(phones, w.asks(q))
		w.eventually("queued", func() bool {
			up, waiting := w.proxy.queue.Len()
			return up+waiting == i+1
		})
	}
	return phones
}

func TestQueueLetsTheUsersTakeTurns(t *testing.T) {
	inBothWorlds(t, func(w *world) {
		phones := w.queued(w.annas(1), w.annas(2), w.annas(3), w.annas(4), w.berts(1))
		of := map[string]*handset{}
		for _, h := range phones {
			of[or(h.asked.device, "dev1")] = h
		}
		up := []*upWait{w.up(), w.up()}
		var turns []string
		for len(up) > 0 {
			w.saw(min(2+len(turns), 5))
			next := up[0]
			up = up[1:]
			turns = append(turns, deviceOf(next.Recorded))
			next.brings()
			of[deviceOf(next.Recorded)].gets(next)
			if len(turns)+len(up) < 5 {
				up = append(up, w.up())
			}
		}
		if want := []string{"a1", "a2"}; !slices.Equal(turns[:2], want) {
			w.Errorf("the first were %v, want %v", turns[:2], want)
		}
		// bert has asked last of all, and has nobody up.
		if slices.Index(turns, "b1") > 3 || slices.Index(turns, "a3") > slices.Index(turns, "a4") {
			w.Errorf("they went up as %v, want bert's among the next two, anna's in their order", turns)
		}
		w.allOver(5)
	}, atMost(2))
}

func TestQueueNeverDelaysACommand(t *testing.T) {
	inBothWorlds(t, func(w *world) {
		phones := w.queued(w.annas(1), w.annas(2), w.annas(3))
		up := w.up()
		for _, cmd := range []string{"Sync", "FolderSync", "SendMail"} {
			for _, q := range []wants{w.annas(9), w.berts(9)} {
				q.cmd = cmd
				if code := w.command(q); code != 200 {
					w.Errorf("%s was answered %d", cmd, code)
				}
			}
		}
		phones[2].hearsNothing(time.Minute)
		up.brings()
		phones[0].gets(up)
		w.up()
		w.saw(2)
	}, atMost(1))
}

// A Sync of the device itself ends its wait in the queue, too.
func TestQueueIsLeftForASync(t *testing.T) {
	inBothWorlds(t, func(w *world) {
		phones := w.queued(w.annas(1), w.annas(2), w.annas(3))
		up := w.up()
		q := w.annas(2)
		q.cmd = "Sync"
		w.command(q)
		phones[1].released()
		up.brings()
		phones[0].gets(up)
		if next := w.up(); deviceOf(next.Recorded) != "a3" {
			w.Errorf("%s went up, want a3", deviceOf(next.Recorded))
		}
		w.saw(2)
	}, atMost(1))
}

// Who leaves the queue, or asks again, takes no place in it.
func TestQueueForgetsWhoHasLeft(t *testing.T) {
	inBothWorlds(t, func(w *world) {
		phones := w.queued(w.annas(1), w.annas(2), w.annas(3))
		up := w.up()
		phones[1].Close()
		w.left(1)
		again := w.asks(w.annas(3))
		phones[2].released()
		up.brings()
		phones[0].gets(up)
		next := w.up()
		if deviceOf(next.Recorded) != "a3" {
			w.Errorf("%s went up, want a3", deviceOf(next.Recorded))
		}
		next.brings()
		again.gets(next)
		w.saw(2)
		w.allOver(4)
	}, atMost(1))
}

// An interval does not wait for the server to have room.
func TestQueueEndsWithTheInterval(t *testing.T) {
	inABubble(t, func(w *world) {
		first := w.annas(1)
		first.interval = "3540"
		w.queued(first)
		w.up()
		known, unknown, hanging := w.annas(2), w.annas(3), w.annas(4)
		hanging.cmd = "Hang"
		w.accepted(known)
		w.accepted(hanging)
		began := time.Now()
		told, turnedAway, told2 := w.asks(known), w.asks(unknown), w.asks(hanging)
		told.hearsNothing(480*time.Second - time.Second)
		time.Sleep(time.Second)
		told.released()
		told2.released()
		got := turnedAway.reply()
		if after, err := strconv.Atoi(got.header.Get("Retry-After")); got.code != 503 || err != nil || after < 1 {
			w.Errorf("who was never accepted got %+v, want 503 and when to come back", got)
		}
		if took := time.Since(began); took > 480*time.Second+atOnce {
			w.Errorf("the last was answered after %v", took)
		}
		w.saw(1)
	}, atMost(1))
}

// Who has waited in the queue has less time left at the server.
func TestQueueDoesNotMakeAnybodyLate(t *testing.T) {
	inABubble(t, func(w *world) {
		phones := w.queued(w.annas(1), w.annas(2))
		up := w.up()
		time.Sleep(300 * time.Second)
		up.brings()
		phones[0].gets(up)
		up = w.up()
		phones[1].hearsNothing(180*time.Second - time.Second)
		time.Sleep(time.Second)
		phones[1].released()
		up.isCancelled()
	}, atMost(1))
}

func TestQueueIsDrained(t *testing.T) {
	inBothWorlds(t, func(w *world) {
		phones := w.queued(w.annas(1), w.annas(2), w.annas(3))
		w.up()
		w.proxy.Drain(time.Millisecond)
		for _, h := range phones {
			h.gotOurs(h.reply())
		}
		w.saw(1)
		w.allOver(3)
		w.wantOutcomes("ping drained", "ping drained", "ping drained")
	}, atMost(1))
}

func TestQueueGrowsWithTheSettings(t *testing.T) {
	inBothWorlds(t, func(w *world) {
		phones := w.queued(w.annas(1), w.annas(2), w.annas(3), w.annas(4))
		up := []*upWait{w.up()}
		w.proxy.Apply(Settings{Hold: Hold{MaxWaits: 3}})
		up = append(up, w.up(), w.up())
		w.saw(3)
		w.proxy.Apply(Settings{})
		up = append(up, w.up())
		for _, u := range up {
			u.brings()
			at := slices.IndexFunc(phones, func(h *handset) bool { return h.asked.device == deviceOf(u.Recorded) })
			phones[at].gets(u)
		}
		w.saw(4)
	}, atMost(1))
}

// After a restart all phones come at once; the server is not to feel it.
func TestQueuePacesTheStart(t *testing.T) {
	inABubble(t, func(w *world) {
		const phones, pace = 35, 10
		for i := range phones {
			w.asks(wants{device: fmt.Sprint("d", i)})
		}
		began := time.Now()
		var starts []time.Duration
		for range phones {
			w.up()
			starts = append(starts, time.Since(began))
		}
		for i, at := range starts {
			if i >= 2*pace && at-starts[i-2*pace] < time.Second {
				w.Errorf("more than %d went up between %v and %v", 2*pace, starts[i-2*pace], at)
			}
		}
		if last := starts[phones-1]; last < 2*time.Second || last > 4*time.Second {
			w.Errorf("the last of %d went up after %v", phones, last)
		}
		w.command(wants{cmd: "Sync", device: "d3"})
		synctest.Wait()
		w.saw(phones)
	}, func(c *Config) { c.Hold.Pace = 10 })
}
