package proxy

import (
	"testing"
	"time"
)

// The newest of several equal waits inherits what the server holds already.
func TestHoldSameWaitAgainIsOneWaitForTheServer(t *testing.T) {
	for name, row := range map[string]struct {
		first wants // filled up to what it asks by default
		again wants
	}{
		"Ping":                    {},
		"interval only":           {wants{}, wants{folders: []string{}}},
		"folders only":            {wants{}, wants{interval: "-"}},
		"folders in other order":  {wants{}, wants{folders: []string{"2", "1"}}},
		"hanging Sync":            {wants{cmd: "Hang"}, wants{cmd: "Hang"}},
		"empty Ping after a full": {wants{}, wants{empty: true}},
	} {
		t.Run(name, func(t *testing.T) {
			inBothWorlds(t, func(w *world) {
				w.accepted(row.first)
				w.known(row.first)
				first := w.asks(row.first)
				up := w.up()
				second := w.asks(row.again)
				first.released()
				third := w.asks(row.again)
				second.released()
				up.isHeld()
				up.brings()
				third.gets(up)
				w.saw(2)
				w.allOver(4)
			})
		})
	}
}

// known lets the server take a wait, so that the device may leave parts out.
func (w *world) known(q wants) {
	w.Helper()
	h := w.asks(q)
	up := w.up()
	up.brings()
	h.gets(up)
	h.Close()
}

// inherited waits until so many waits have inherited another's at the server.
func (w *world) inherited(n int) {
	w.Helper()
	w.eventually("inherited", func() bool { return w.count("diastole_waits_coalesced_total") >= float64(n) })
}

// allOver: so many waits have ended, and none is held.
func (w *world) allOver(n int) {
	w.Helper()
	w.eventually("ended", func() bool {
		return w.count("diastole_waits_total") >= float64(n) && w.count("diastole_waits_held") == 0
	})
	if got := w.count("diastole_waits_total"); got != float64(n) {
		w.Errorf("%v waits have ended, want %d: %+v", got, n, w.series("diastole_waits_total"))
	}
}

// eventually waits for something that has no event of its own.
func (w *world) eventually(what string, happened func() bool) {
	w.Helper()
	tick, enough := time.NewTicker(time.Millisecond), time.After(min(w.patience(), 3*time.Second))
	defer tick.Stop()
	for !happened() {
		select {
		case <-tick.C:
		case <-enough:
			w.Errorf("not all that should have %s has: waits %+v, held %v", what, w.series("diastole_waits_total"), w.count("diastole_waits_held"))
			return
		}
	}
}

// Who inherits early gets the answer, whenever the server makes it.
func TestHoldHeirKeepsItsOwnInterval(t *testing.T) {
	inABubble(t, func(w *world) {
		w.accepted(wants{})
		first := w.asks(wants{})
		up := w.up()
		time.Sleep(300 * time.Second)
		second := w.asks(wants{})
		first.released()
		time.Sleep(180 * time.Second) // the interval of the first is over, not that of the second
		up.says(pingSays(1))
		second.gets(up) // early for it, which is allowed
		w.saw(1)
		w.allOver(2)
		w.wantOutcomes("ping early", "ping early")
	})
}

// The phone may ask again on the connection on which it was answered.
func TestHoldSameWaitOnKeptConnections(t *testing.T) {
	inBothWorlds(t, func(w *world) {
		w.accepted(wants{})
		phone := w.asks(wants{})
		for range 3 {
			up := w.up()
			up.brings()
			phone.gets(up)
			phone.again(wants{})
		}
		up := w.up()
		other := w.asks(wants{})
		phone.released()
		up.brings()
		other.gets(up)
		w.saw(4)
		w.allOver(5)
	})
}

// What the server has not accepted is shared, but nothing is answered out of
// memory before the server had 10 s to refuse it.
func TestHoldUnacceptedIsNotReleasedForTenSeconds(t *testing.T) {
	inABubble(t, func(w *world) {
		first := w.asks(wants{})
		up := w.up()
		time.Sleep(2 * time.Second)
		second := w.asks(wants{})
		first.hearsNothing(8*time.Second - time.Millisecond)
		second.hearsNothing(time.Second)
		up.brings()
		second.gets(up)
		if got := first.reply(); got.code != 200 || got.cut {
			w.Errorf("the first was answered %+v", got)
		}
		w.saw(1)
		w.allOver(2)
	})
	t.Run("and may be refused", func(t *testing.T) {
		inBothWorlds(t, func(w *world) {
			first := w.asks(wants{})
			up := w.up()
			second := w.asks(wants{})
			w.inherited(1)
			up.say <- refused
			for _, h := range []*handset{second, first} {
				if got := h.reply(); got.code != 401 || got.header.Get("X-Token") != "401" {
					w.Errorf("got %+v, want the server's 401", got)
				}
			}
			w.saw(1)
			w.allOver(2)
		})
	})
}

// A phone that has roamed does not read its old connection: to write to it would
// only make its old network search for it.
func TestHoldOldConnectionElsewhereIsNotWrittenTo(t *testing.T) {
	inBothWorlds(t, func(w *world) {
		w.accepted(wants{})
		old := w.asks(wants{})
		up := w.up()
		roamed := w.asks(wants{roamed: true})
		w.inherited(1)
		old.hearsNothing(time.Minute)
		roamed.hearsNothing(time.Minute)
		up.isHeld()
		up.brings()
		roamed.gets(up)
		old.gets(up) // it might be there all the same
		w.saw(1)
		w.allOver(2)
		w.wantOutcomes("ping silent", "ping changed")
	})
}

// It goes home and elsewhere again within one wait.
func TestHoldRoamingThereAndBack(t *testing.T) {
	inBothWorlds(t, func(w *world) {
		w.accepted(wants{})
		first := w.asks(wants{})
		up := w.up()
		second := w.asks(wants{roamed: true})
		w.inherited(1)
		second.Close() // this one says goodbye
		w.eventually("left", func() bool { return w.count("diastole_waits_total", "outcome", "left") == 1 })
		third := w.asks(wants{roamed: true})
		w.inherited(2)
		up.brings()
		third.gets(up)
		first.gets(up)
		w.saw(1)
		w.allOver(3)
		w.wantOutcomes("ping silent", "ping left", "ping changed")
	}, func(c *Config) { c.Hold.Linger = time.Minute })
}
