package proxy

import (
	"slices"
	"testing"
	"time"

	"github.com/diastole/diastole/internal/lab"
	"github.com/diastole/diastole/wbxml/eas"
)

// The server has never heard of a hanging Sync that was held here: the empty one after
// it would be taken for one before it, which did not wait.
func TestAnEmptySyncAfterOneThatWasHeldHereIsAskedForInFull(t *testing.T) {
	inEdgeWorld(t, func(w *edgeWorld) {
		anna := w.phone("anna", "secret", func(c *lab.PhoneConfig) { c.HangingSync = true }).live()
		w.passes(time.Minute)
		before := w.count("Sync")
		w.passes(time.Hour)
		if n := w.count("Sync") - before; n > 4 {
			t.Errorf("%d Syncs went up in an hour without news", n)
		}
		if got := anna.saw(); !slices.Contains(got, int(eas.SyncIncomplete)) {
			t.Errorf("its waits were answered %v, want Status 13 for the empty one", got)
		}
		w.deliver("anna")
		w.bell.ring("anna")
		w.passes(time.Second)
		if anna.got() != 1 {
			t.Errorf("%d mails came, want one", anna.got())
		}
	})
}

// A phone that says no more than "as last time", of which nobody knows what that was.
func TestAnEmptyPingOfWhichNothingIsKnownIsAskedForInFull(t *testing.T) {
	inEdgeWorld(t, func(w *edgeWorld) {
		anna := w.phone("anna", "secret", func(c *lab.PhoneConfig) { c.EmptyPing = true }).live()
		w.passes(20 * time.Minute)
		w.proxy.memory.Forget("anna")
		before := w.count("Ping")
		w.passes(time.Hour)
		if n := w.count("Ping") - before; n > 20 {
			t.Errorf("%d Pings went up in an hour", n)
		}
		if got := anna.saw(); !slices.Contains(got, int(eas.PingMissingParameters)) {
			t.Errorf("its waits were answered %v, want a Status 3 among them", got)
		}
	}, func(c *Config) { c.Hold.Linger = 0 })
}

func TestAReloadToPassReachesThePhonesThatWait(t *testing.T) {
	inEdgeWorld(t, func(w *edgeWorld) {
		w.phone("anna", "secret").live()
		w.passes(time.Minute)
		w.proxy.Apply(Settings{Hold: Hold{Linger: 30 * time.Second}})
		w.passes(16 * time.Minute)
		if w.server.Held() != 1 || w.bell.listeners() != 0 {
			t.Errorf("%d waits are at the server and %d listen, want one and none", w.server.Held(), w.bell.listeners())
		}
	})
}

func TestAServerThatIsGoneInTheMiddleOfAWaitIsAStatus1(t *testing.T) {
	inEdgeWorld(t, func(w *edgeWorld) {
		anna := w.phone("anna", "secret").live()
		w.passes(time.Minute)
		w.server.Close()
		w.bell.ring("anna")
		w.passes(time.Minute)
		if got := anna.saw(); len(got) == 0 || got[0] != 1 {
			t.Errorf("its waits were answered %v, want Status 1 first", got)
		}
	})
}

// Once refused, a password is not tried on the mail store either.
func TestEdgeWaitWithARefusedPasswordListensNoMore(t *testing.T) {
	b := &bell{covers: true}
	inABubble(t, func(w *world) {
		w.accepted(wants{})
		w.desk.lets("another")
		for range 5 {
			phone := w.asks(wants{})
			if got := phone.reply(); got.code != 401 {
				w.Errorf("answered %d", got.code)
			}
			phone.Close()
		}
		if n := len(b.all); n != 1 {
			w.Errorf("listened %d times, want once: the first time nobody could know", n)
		}
	}, atEdge(b))
}

// A server that begins an answer and hangs keeps nobody's turn.
func TestAQuestionWhoseAnswerHangsIsGivenUp(t *testing.T) {
	b := &bell{covers: true}
	inABubble(t, func(w *world) {
		w.accepted(wants{})
		phone := w.asks(wants{})
		hangs := w.question()
		hangs.say <- docHead + "Content-Length: 13\r\n\r\n" + nothingIsNew[:3]
		time.Sleep(checkPatience + time.Second)
		if up, _ := w.proxy.checks.Len(); up != 0 {
			w.Errorf("%d questions are up", up)
		}
		up := w.up() // its own wait
		up.brings()
		phone.gets(up)
	}, atEdge(b), func(c *Config) { c.Hold.MaxChecks = 1 })
}
