package proxy

import (
	"testing"
	"time"
)

// A wait that asks for something else replaces the one before: here and at the
// server.
func TestHoldAnotherWaitReplacesTheOlder(t *testing.T) {
	for name, row := range map[string]struct{ first, then wants }{
		"longer interval":       {wants{}, wants{interval: "900"}},
		"shorter interval":      {wants{}, wants{interval: "60"}},
		"other folders":         {wants{}, wants{folders: []string{"1", "3"}}},
		"fewer folders":         {wants{}, wants{folders: []string{"1"}}},
		"other policy key":      {wants{}, wants{policy: "2"}},
		"other version":         {wants{}, wants{version: "14.0"}},
		"from elsewhere":        {wants{}, wants{interval: "900", roamed: true}},
		"hanging Sync, longer":  {wants{cmd: "Hang"}, wants{cmd: "Hang", interval: "900"}},
		"hanging Sync, folders": {wants{cmd: "Hang"}, wants{cmd: "Hang", folders: []string{"1"}}},
		"Sync after Ping":       {wants{}, wants{cmd: "Hang"}},
		"Ping after Sync":       {wants{cmd: "Hang"}, wants{}},
	} {
		t.Run(name, func(t *testing.T) {
			inBothWorlds(t, func(w *world) {
				w.accepted(row.first)
				older := w.asks(row.first)
				old := w.up()
				newer := w.asks(row.then)
				up := w.up()
				if string(up.Body) != string(row.then.filled().body()) {
					w.Errorf("it went up as %q", up.Body)
				}
				older.released()
				old.isCancelled()
				newer.hearsNothing(time.Minute - time.Second)
				up.brings()
				newer.gets(up)
				w.saw(2)
				w.allOver(2)
				w.wantQuiet()
			})
		})
	}
}

// An empty Ping stands for what the device said last, not for what is held.
func TestHoldEmptyPingAfterAnotherFullOne(t *testing.T) {
	inBothWorlds(t, func(w *world) {
		w.accepted(wants{})
		first := w.asks(wants{interval: "300"})
		up := w.up()
		up.says(pingSays(1))
		first.gets(up)
		second := w.asks(wants{interval: "900", folders: []string{"7"}})
		up = w.up()
		third := w.asks(wants{empty: true}) // 900 s on folder 7
		second.released()
		up.brings()
		third.gets(up)
		w.saw(2)
	})
}

// Two clients with one id, each of which comes back at once: neither may starve,
// and the server must not see the fight.
func TestHoldTwoLiveClientsAreBothPassedThrough(t *testing.T) {
	inBothWorlds(t, func(w *world) {
		w.accepted(wants{})
		sitting := w.asks(wants{})
		up := w.up()
		coming := w.asks(wants{})
		for range 3 {
			sitting.released()
			sitting, coming = coming, sitting
			coming.again(wants{})
		}
		own := w.up()
		for range 5 {
			sitting.hearsNothing(2 * time.Second)
			coming.hearsNothing(2 * time.Second)
		}
		up.isHeld()
		own.isHeld()
		up.brings()
		sitting.gets(up)
		sitting.again(wants{}) // it leaves the other in peace now
		next := w.up()
		coming.hearsNothing(time.Second)
		own.brings()
		coming.gets(own)
		next.brings()
		sitting.gets(next)
		w.saw(3)
		w.allOver(6)
	})
}

// Three in a minute is a fight; three in an hour is a phone that travels.
func TestHoldPhoneThatTravelsIsNoFight(t *testing.T) {
	inABubble(t, func(w *world) {
		w.accepted(wants{})
		last := w.asks(wants{interval: "3540"})
		up := w.up()
		for range 20 {
			time.Sleep(31 * time.Second)
			next := w.asks(wants{interval: "3540"})
			last.released()
			last = next
		}
		up.brings()
		last.gets(up)
		w.saw(1)
	})
}
