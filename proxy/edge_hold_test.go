package proxy

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/diastole/diastole/internal/lab"
)

func TestAWaitAtTheEdgeCostsTheServerOneQuestion(t *testing.T) {
	inEdgeWorld(t, func(w *edgeWorld) {
		anna := w.phone("anna", "secret").live()
		w.passes(4 * time.Minute)
		if n := w.count("GetItemEstimate"); n != 1 || w.count("Ping") != 0 || w.server.Held() != 0 {
			t.Errorf("%d estimates, %d Pings, %d waits at the server, want one question and nothing else", n, w.count("Ping"), w.server.Held())
		}
		w.passes(11 * time.Minute) // 15 min in all
		if got := anna.saw(); !slices.Equal(got, []int{1}) || anna.last().Took != 15*time.Minute {
			t.Errorf("the Ping of 15 min was answered %v after %v", got, anna.last().Took)
		}
		// For safety, every five minutes (the last tenth drawn), it is a Ping: of a second,
		// and when the server has refused that once, of a minute.
		if n := w.count("Ping"); n < 3 || n > 4 || w.count("GetItemEstimate") != 1 {
			t.Errorf("%d Pings and %d estimates in 15 min", n, w.count("GetItemEstimate"))
		}
	})
}

func TestAMailWakesAPhoneAtTheEdge(t *testing.T) {
	inEdgeWorld(t, func(w *edgeWorld) {
		anna := w.phone("anna", "secret").live()
		bert := w.phone("bert", "hidden").live()
		w.passes(time.Minute)
		w.deliver("anna")
		w.bell.ring("anna")
		w.passes(time.Second)
		if got := anna.saw(); !slices.Equal(got, []int{2}) || anna.got() != 1 {
			t.Errorf("Anna's waits: %v, mails %d, want a Status 2 and the mail", got, anna.got())
		}
		if got := bert.saw(); len(got) != 0 {
			t.Errorf("Bert's waits: %v, want none over", got)
		}
		if n := w.count("Ping"); n != 0 {
			t.Errorf("%d Pings went up", n)
		}
	})
}

// Who waits on a calendar too is not covered by a source of mail, and never will be.
func TestTheFirstQuestionWaitsOnlyForEarsThatMayCome(t *testing.T) {
	asked := map[bool]int{}
	for _, settled := range []bool{false, true} {
		inEdgeWorld(t, func(w *edgeWorld) {
			w.bell.covers, w.bell.settled = false, settled
			w.phone("anna", "secret").live()
			w.passes(time.Minute)
			w.deliver("anna")
			w.bell.ring("anna") // it is told, fetches, and waits again
			synctest.Wait()
			asked[settled] = w.count("GetItemEstimate") + w.count("Ping")
			w.passes(prelude)
			if n := w.count("GetItemEstimate") + w.count("Ping"); (n > asked[settled]) == settled {
				t.Errorf("settled: %v, and then %d questions became %d", settled, asked[settled], n)
			}
		})
	}
	if asked[true] != asked[false]+1 {
		t.Errorf("%d questions where nobody is about to listen, %d where somebody is", asked[true], asked[false])
	}
}

// Subscribe first, then ask: what comes between the two is heard of.
func TestAMailBetweenListeningAndAskingIsFound(t *testing.T) {
	inEdgeWorld(t, func(w *edgeWorld) {
		anna := w.phone("anna", "secret")
		first := true
		w.bell.onListen = func() {
			if first {
				first = false
				w.deliver("anna")
			}
		}
		anna.live()
		w.passes(time.Second)
		if got := anna.saw(); !slices.Equal(got, []int{2}) || anna.got() != 1 {
			t.Errorf("waits %v, mails %d", got, anna.got())
		}
	})
}

func TestWithoutASourceTheServerIsAskedEveryPollInterval(t *testing.T) {
	inEdgeWorld(t, func(w *edgeWorld) {
		w.bell.cover(false)
		anna := w.phone("anna", "secret").live()
		w.passes(time.Minute)
		w.deliver("anna")
		w.passes(31 * time.Second)
		if got := anna.saw(); !slices.Equal(got, []int{2}) {
			t.Errorf("waits %v, want a Status 2 within the poll interval", got)
		}
	})
}

func TestASourceThatDiesMeansPollingAndOneThatIsBackASafetyInterval(t *testing.T) {
	inEdgeWorld(t, func(w *edgeWorld) {
		w.phone("anna", "secret").live()
		w.passes(time.Minute)
		before := w.count("GetItemEstimate")
		w.bell.cover(false)
		w.passes(2 * time.Minute)
		if n := w.count("GetItemEstimate") - before; n < 4 || n > 6 {
			t.Errorf("%d questions in two minutes without the source, want one every 30 s", n)
		}
		w.bell.cover(true)
		before = w.count("GetItemEstimate")
		w.passes(4 * time.Minute)
		if n := w.count("GetItemEstimate") - before; n > 1 {
			t.Errorf("%d questions in four minutes with the source", n)
		}
	})
}

func TestManyWordsAboutOneChangeAreOneMoreQuestion(t *testing.T) {
	inEdgeWorld(t, func(w *edgeWorld) {
		w.phone("anna", "secret").live()
		w.passes(time.Minute)
		before := w.count("GetItemEstimate")
		for range 100 {
			w.bell.ring("anna")
			w.passes(time.Millisecond)
		}
		w.passes(time.Second)
		if n := w.count("GetItemEstimate") - before; n != 2 {
			t.Errorf("%d questions for a hundred words within 100 ms, want one at once and one after them", n)
		}
	})
}

func TestAChangeThatNobodyToldOfIsReported(t *testing.T) {
	inEdgeWorld(t, func(w *edgeWorld) {
		anna := w.phone("anna", "secret").live()
		w.passes(time.Minute)
		w.deliver("anna") // and the bell does not ring
		w.passes(5 * time.Minute)
		if got := anna.saw(); !slices.Equal(got, []int{2}) {
			t.Errorf("waits %v, want a Status 2 within the safety interval", got)
		}
		if w.bell.missed != 1 {
			t.Errorf("%d changes are reported as missed, want 1", w.bell.missed)
		}
	})
}

func TestAHangingSyncAtTheEdgeGoesUpWhenSomethingHasChanged(t *testing.T) {
	inEdgeWorld(t, func(w *edgeWorld) {
		anna := w.phone("anna", "secret", func(c *lab.PhoneConfig) { c.HangingSync = true }).live()
		w.passes(time.Minute)
		if w.server.Held() != 0 {
			t.Fatalf("%d waits are at the server", w.server.Held())
		}
		w.deliver("anna")
		w.bell.ring("anna")
		w.passes(time.Second)
		if anna.got() != 1 {
			t.Errorf("%d mails have come, want the one", anna.got())
		}
	})
}

func TestNobodyListensForAWaitThatIsOver(t *testing.T) {
	inEdgeWorld(t, func(w *edgeWorld) {
		anna := w.phone("anna", "secret").live()
		w.passes(time.Minute)
		if n := w.bell.listeners(); n != 1 {
			t.Fatalf("%d listen, want one", n)
		}
		anna.stop()
		w.passes(time.Minute) // beyond the time in which it may come back to the same wait
		if n := w.bell.listeners(); n != 0 {
			t.Errorf("%d listen for a phone that has gone", n)
		}
	})
}
