package proxy

import (
	"strings"
	"testing"
	"time"

	"github.com/diastole/diastole/wbxml/eas"
)

// atEdge holds waits here, with short Pings as the question and a bell to ring.
func atEdge(b *bell) func(*Config) {
	return func(c *Config) {
		c.Watch = b.watch
		c.Hold = Hold{Edge: true, Check: byPing, Poll: time.Hour, Safety: time.Hour, Linger: 30 * time.Second}
	}
}

// question is the next one that the server gets: a short Ping on the same folders.
func (w *world) question() *upWait {
	w.Helper()
	u := w.up()
	var ping eas.PingRequest
	if err := ping.Parse(u.Body); err != nil || ping.Interval != 5 || len(ping.Folders) != 2 {
		w.Errorf("went up: %q, %v; want a question of 5 s on both folders", u.Body, err)
	}
	return u
}

// isTold: the proxy itself passes the news on, in these folders.
func (h *handset) isTold(folders ...string) {
	h.stage.Helper()
	got := h.reply()
	wantReply(h.stage.T, got, 200, string(eas.PingResponse{Status: eas.PingChanges, Folders: folders}.Append(nil)))
}

var nothingIsNew = pingSays(eas.PingExpired)

// While it is parked nothing runs for a wait, and nothing of it is at the server; the
// phone that is back finds it again, from elsewhere too.
func TestEdgeWaitIsParkedAndFoundAgain(t *testing.T) {
	b := &bell{covers: true}
	whereParked(t, func(w *world) {
		w.accepted(wants{})
		first := w.asks(wants{})
		w.question().says(nothingIsNew)
		second := w.asks(wants{})
		first.released()
		third := w.asks(wants{roamed: true})
		w.saw(1)
		if up, queued := w.proxy.checks.Len(); up != 0 || queued != 0 {
			w.Errorf("%d questions are up and %d queue", up, queued)
		}
		b.ring("anna")
		w.question().brings()
		third.isTold("1")
		second.isTold("1")
		w.allOver(3)
		w.wantOutcomes("ping early", "ping silent", "ping changed")
		if n := b.listeners(); n != 0 {
			w.Errorf("%d still listen", n)
		}
	}, atEdge(b))
}

func TestEdgeWaitWhosePhoneLeavesListensNoMore(t *testing.T) {
	b := &bell{covers: true}
	whereParked(t, func(w *world) {
		w.accepted(wants{})
		phone := w.asks(wants{})
		w.question().says(nothingIsNew)
		phone.Close()
		w.allOver(1)
		if n := b.listeners(); n != 0 {
			w.Errorf("%d still listen", n)
		}
	}, atEdge(b), func(c *Config) { c.Hold.Linger = 0 })
}

// A password that the server has not accepted is not tried on the mail store, and its
// refusal is the server's.
func TestEdgeWaitOfAStrangerListensToNothing(t *testing.T) {
	b := &bell{covers: true}
	inBothWorlds(t, func(w *world) {
		stranger := w.asks(wants{password: "guessed"})
		if got := stranger.reply(); got.code != 401 || got.header.Get("X-Token") != "401" {
			w.Errorf("the stranger got %+v, want the server's 401", got)
		}
		if len(b.all) != 0 {
			w.Errorf("listened to %+v", b.all)
		}
		w.saw(0)
	}, atEdge(b))
}

// With other credentials it is another wait; the owner's goes on until they are accepted.
func TestEdgeWaitIsNotDisplacedByAStranger(t *testing.T) {
	b := &bell{covers: true}
	inABubble(t, func(w *world) {
		w.accepted(wants{})
		owner := w.asks(wants{})
		w.question().says(nothingIsNew)
		stranger := w.asks(wants{password: "guessed"})
		if got := stranger.reply(); got.code != 401 {
			w.Errorf("the stranger got %+v", got)
		}
		owner.hearsNothing(time.Minute)
		b.ring("anna")
		w.question().brings()
		owner.isTold("1")
	}, atEdge(b))
}

// Its end is its own interval's, to the moment: no answer is on its way that would be
// worth a wait.
func TestEdgeWaitEndsInTime(t *testing.T) {
	b := &bell{covers: true}
	inABubble(t, func(w *world) {
		w.accepted(wants{})
		phone, began := w.asks(wants{interval: "480"}), time.Now()
		w.question().says(nothingIsNew)
		phone.gotOurs(phone.reply())
		if took := time.Since(began); took != 480*time.Second {
			w.Errorf("answered after %v", took)
		}
		phone.again(wants{interval: "480"}) // finds the wait again, and nobody is asked
		w.saw(1)
		phone.Close()
	}, atEdge(b))
}

// A request that leaves something out is written out in full before it goes up: the
// server's memory is of our own question.
func TestEdgeWaitThatIsHandedOverIsWrittenOut(t *testing.T) {
	b := &bell{covers: true}
	inABubble(t, func(w *world) {
		w.accepted(wants{})
		phone := w.asks(wants{interval: "480"})
		w.question().says(nothingIsNew)
		b.ring("anna")
		w.question().brings()
		phone.isTold("1")
		phone.again(wants{empty: true})
		w.question().says(pingSays(eas.PingHierarchyChanged))
		up := w.up()
		var ping eas.PingRequest
		if err := ping.Parse(up.Body); err != nil || ping.Interval != 480 || len(ping.Folders) != 2 {
			w.Errorf("went up: %q, %v; want 480 s on both folders", up.Body, err)
		}
		up.says(pingSays(eas.PingHierarchyChanged))
		phone.gets(up)
	}, atEdge(b))
}

// Whoever listens is told the password only while somebody waits: see bell.watch. It is
// in no log line.
func TestEdgeWaitWritesNoPasswordDown(t *testing.T) {
	b := &bell{covers: true}
	inABubble(t, func(w *world) {
		w.desk.lets("secret", "Planted-Password")
		q := wants{password: "Planted-Password"}
		w.accepted(q)
		phone := w.asks(q)
		w.question().says(nothingIsNew)
		if len(b.all) != 1 || b.all[0].Password != "Planted-Password" {
			w.Errorf("listened to %+v", b.all)
		}
		phone.gotOurs(phone.reply())
		for _, line := range w.log.All() {
			for _, f := range line.Context {
				if strings.Contains(f.String+line.Message, "Planted-Password") {
					w.Errorf("the log says %q: %q", line.Message, f.String)
				}
			}
		}
	}, atEdge(b))
}
