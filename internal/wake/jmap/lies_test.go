package jmap

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/diastole/diastole/internal/lab"
	"github.com/diastole/diastole/internal/wake"
)

// state is an event that tells one state.
func state(account, kind, state string) string {
	return fmt.Sprintf("event: state\nid: x\ndata: {\"@type\":\"StateChange\",\"changed\":{%q:{%q:%q}}}\n\n", account, kind, state)
}

func TestWhatIsNoNewsWakesNobody(t *testing.T) {
	inWorld(t, lab.JMAPConfig{}, func(w *world) {
		p := w.listening(anna())
		w.jmap.Say("%s", state("anna", "Email", "new"))
		synctest.Wait()
		if p.heard() != 1 {
			t.Fatal("a new state is no news")
		}
		for name, said := range map[string]string{
			"told before":            strings.Repeat(state("anna", "Email", "new"), 100),
			"another's account":      state("shared", "Email", "s99"),
			"nobody's account":       state("x", "Email", "s99"),
			"a type not asked for":   state("anna", "VacationResponse", "s99"),
			"a change of nothing":    "event: state\ndata: {\"@type\":\"StateChange\",\"changed\":{}}\n\n",
			"nothing":                "event: state\ndata: {}\n\n",
			"an event of its own":    "event: weather\ndata: rain\n\n",
			"an event without name":  "data: {\"changed\":{\"anna\":{\"Email\":\"s98\"}}}\n\n",
			"a ping that is no JSON": "event: ping\ndata: pong\n\n",
			"a ping that never was":  "event: ping\ndata: {\"interval\": -1}\n\n",
			"comments":               ":\n: alive\n\n",
		} {
			w.jmap.Say("%s", said)
			synctest.Wait()
			if p.heard() != 0 || p.Covers() == 0 {
				t.Errorf("%s: woken, or the line is down: %v", name, w.logs.All())
			}
		}
	})
}

func TestWhatCannotBeReadEndsTheStream(t *testing.T) {
	for name, c := range map[string]struct{ said, why string }{
		"no JSON":          {"event: state\ndata: {\n\n", "malformed"},
		"another shape":    {"event: state\ndata: {\"changed\": [1]}\n\n", "malformed"},
		"a line of 64 KiB": {":" + strings.Repeat("x", longestLine) + "\n", "oversize"},
		"an endless event": {strings.Repeat("data: "+strings.Repeat("x", 1000)+"\n", 70), "oversize"},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, lab.JMAPConfig{}, func(w *world) {
				p := w.listening(anna())
				w.jmap.Say("%s", c.said)
				synctest.Wait()
				if w.count("failures_total", c.why) != 1 || p.Covers() != 0 {
					t.Errorf("not counted as %s: %v", c.why, w.logs.All())
				}
				time.Sleep(8 * time.Minute)
				w.deliver("anna")
				synctest.Wait()
				if p.Covers() == 0 || p.heard() == 0 {
					t.Error("not back")
				}
			})
		})
	}
}

func TestAnEnormousPingIntervalIsNotBelieved(t *testing.T) {
	inWorld(t, lab.JMAPConfig{}, func(w *world) {
		w.listening(anna())
		w.jmap.Say("event: ping\ndata: {\"interval\": 4000000000}\n\n")
		w.jmap.Hang()
		time.Sleep(longestPing*5/2 + time.Second)
		if w.count("failures_total", "silent") != 1 {
			t.Error("the line is dead, and nobody looks")
		}
	})
}

func TestTheKnownStatesDoNotGrow(t *testing.T) {
	inWorld(t, lab.JMAPConfig{}, func(w *world) {
		l := w.listening(anna()).Watching.(*watcher).line
		for i := range 500 {
			w.jmap.Say("%s", state(fmt.Sprint("account", i), fmt.Sprint("Type", i), strings.Repeat("s", 1000)))
			w.jmap.Say("%s", state("anna", "EmailDelivery", strings.Repeat("s", i)))
		}
		synctest.Wait()
		if len(l.known) != 7 { // three types of mail, two of calendars, two of contacts
			t.Errorf("%d states are known", len(l.known))
		}
	})
}

func TestTheServerIsToldTheLastEventAndHowLongItWantedToBeLeftAlone(t *testing.T) {
	inWorld(t, lab.JMAPConfig{}, func(w *world) {
		var mu sync.Mutex
		var asked []http.Header
		var urls []string
		w.lab.Inject(lab.Fault{Kind: lab.FaultSlow, Match: func(r *lab.Request) bool {
			if !lab.OnPath("/jmap/events")(r) {
				return false
			}
			mu.Lock()
			defer mu.Unlock()
			asked, urls = append(asked, r.HTTP.Header), append(urls, r.HTTP.URL.RawQuery)
			return true
		}})
		w.listening(anna())
		w.jmap.Say("retry: 90000\n%s", state("anna", "Email", "new"))
		synctest.Wait()
		w.jmap.Cut()
		time.Sleep(89 * time.Second)
		if w.jmap.Streams() != 0 {
			t.Error("back before the server wants it")
		}
		time.Sleep(47 * time.Second)
		if w.jmap.Streams() != 1 {
			t.Fatal("not back")
		}
		mu.Lock()
		defer mu.Unlock()
		const query = "types=Email%2CMailbox%2CEmailDelivery%2CCalendarEvent%2CCalendar%2CContactCard%2CAddressBook&closeafter=no&ping=30"
		if len(asked) != 2 || asked[0]["Last-Event-Id"] != nil || asked[1].Get("Last-Event-ID") != "x" || urls[0] != query {
			t.Errorf("asked %v %v", urls, asked)
		}
	})
}

func TestAServerThatEndsEachStreamIsNotFollowedWithoutPause(t *testing.T) {
	inWorld(t, lab.JMAPConfig{}, func(w *world) {
		w.watch(wake.Mailbox{User: "anna", Password: "secret", Inbox: true})
		for range 24 * 60 {
			time.Sleep(10 * time.Second)
			w.jmap.Cut()
		}
		if n := w.count("failures_total", "unreachable"); n < 30 || n > 120 {
			t.Errorf("%v streams in four hours", n)
		}
	})
}
