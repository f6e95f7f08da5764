package admin

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/diastole/diastole/heartbeat"
)

// began is a wait of a user that begins, and its end after a while.
func began(user string, at time.Time, asked, given time.Duration) Event {
	return Event{What: Begins, When: at, Key: heartbeat.Key{Principal: user, Device: "d-" + user, Type: "iPhone"}, Kind: "ping",
		Network: heartbeat.Network{Name: "carrier-x", HTTP: 1}, Rule: "default", Asked: asked, Given: given, Would: given}
}

func ended(e Event, after time.Duration, o heartbeat.Outcome) Event {
	e.What, e.When, e.Held, e.Outcome = Ends, e.When.Add(after), after, o
	return e
}

func TestTheFleetIsWhatHappened(t *testing.T) {
	l := newLearned()
	now := time.Now()
	l.tally = NewTally(now.Add(-26 * time.Hour))
	l.standing = Standing{Version: "v1", Commit: "c", Ready: "draining", Profile: "sogo", Hold: "edge", Users: "hashed",
		Load: Load{Waits: 3, Lingering: 1, WaitsQueued: 1, Checks: 2}, Sources: map[string]bool{"imap": false, "dovecot": true}}
	old := began("old", now.Add(-25*time.Hour), 480*time.Second, 480*time.Second)
	hour := began("hour", now.Add(-50*time.Minute), 900*time.Second, 720*time.Second)
	for _, e := range []Event{old, ended(old, time.Minute, heartbeat.Left), hour, ended(hour, 12*time.Minute, heartbeat.Expired),
		began("a", now.Add(-2*time.Minute), 900*time.Second, 720*time.Second), began("b", now.Add(-time.Minute), 0, 0),
		{What: Begins, When: now.Add(-time.Minute), Kind: "sync", Asked: 59 * time.Minute, Given: 59 * time.Minute, Would: 59 * time.Minute},
		began("c", now.Add(-time.Minute), 2*time.Hour, 2*time.Hour)} {
		l.tally.Tell(e)
	}
	l.tally.Lost(now.Add(-25 * time.Hour))
	l.tally.Lost(now.Add(-30 * time.Minute))
	f := read[Fleet](t, l.serve(t)+"/api/v1/fleet")
	if f.Held != (Held{Total: 4, Ping: 3, Sync: 1, Edge: 1, Upstream: 2, Queued: 1}) || f.Load != l.standing.Load {
		t.Errorf("held %+v, %+v", f.Held, f.Load)
	}
	if f.Ready || f.Unready != "draining" || f.Config.Hold != "edge" || f.Config.Learn != "observe" || f.Version != "v1" ||
		fmt.Sprint(f.Sources) != "[{dovecot true} {imap false}]" || f.Uptime < 26*3600 {
		t.Errorf("%+v", f)
	}
	for i, want := range []struct{ waits, expired, lost, under900, over int }{{0, 0, 0, 1, 1}, {1, 1, 1, 2, 1}, {1, 1, 1, 2, 1}} {
		w := f.Windows[i]
		last := w.Heartbeats[len(w.Heartbeats)-1]
		if w.Waits != want.waits || w.Outcomes["expired"] != want.expired || w.Outcomes["left"] != 0 || w.Lost != want.lost || last.UpTo != 0 || last.Asked != want.over {
			t.Errorf("%d minutes: %+v", w.Minutes, w)
		}
		asked, given := 0, 0
		for _, h := range w.Heartbeats {
			if h.UpTo == 900 {
				asked = h.Asked
			}
			if h.UpTo == 720 {
				given = h.Given
			}
		}
		if asked != want.under900 || given != want.under900 {
			t.Errorf("%d minutes: %d asked 900 s, %d were given 720 s; want %d", w.Minutes, asked, given, want.under900)
		}
	}
}

func TestWhatTheServerIsSparedIsWhatWasHeldLessWhatItWorked(t *testing.T) {
	tally := NewTally(start)
	for i := range 10 {
		tally.Tell(began(fmt.Sprint(i), start, time.Hour, time.Hour))
	}
	tally.Sample(start, 2)
	tally.Sample(start.Add(30*time.Minute), 4)
	tally.Sample(start.Add(-time.Hour), 100) // a clock that was set back counts nothing
	tally.Sample(start.Add(30*time.Minute), 4)
	var f Fleet
	tally.fill(&f, start.Add(time.Hour))
	if f.Saved != (Saved{Held: 10, Worked: 3, Saved: 7}) {
		t.Errorf("%+v", f.Saved)
	}
}

func TestAMinuteOfYesterdayIsNotCountedToday(t *testing.T) {
	var h history
	for i := range 3 * minutes {
		h.at(start.Add(time.Duration(i) * time.Minute)).outcomes[heartbeat.Expired]++
	}
	for many, want := range map[int]uint32{1: 1, 5: 5, minutes: minutes} {
		if got := h.since(start.Add((3*minutes-1)*time.Minute), many).outcomes[heartbeat.Expired]; got != want {
			t.Errorf("%d in %d minutes", got, many)
		}
	}
	if got := h.since(start.Add(10*minutes*time.Minute), minutes); got != (minute{}) {
		t.Errorf("days later: %+v", got)
	}
}

func TestDecisionsAreCountedByRuleAndTheLastOnesAreShown(t *testing.T) {
	l := newLearned()
	for i := range mostRecent + 100 {
		e := began(fmt.Sprintf("u%d", i), start.Add(time.Duration(i)*time.Second), 900*time.Second, 720*time.Second)
		e.Advice = 720 * time.Second
		switch i % 4 {
		case 0:
			e.Given, e.Would, e.Rule = e.Asked, e.Asked, "free"
		case 1:
			e.Given, e.Rule = e.Asked, "watched"
		case 2:
			e.What, e.Kind, e.Rule = Denied, "", "stolen"
		}
		l.tally.Tell(e)
	}
	url := l.serve(t) + "/api/v1/decisions"
	page := read[DecisionsPage](t, url+"?limit=5")
	n := (mostRecent + 100) / 4
	for _, want := range []RuleUse{{Rule: "default", Waits: n, Lowered: n}, {Rule: "free", Waits: n}, {Rule: "watched", Waits: n, Would: n}, {Rule: "stolen", Denied: n}} {
		found := false
		for _, use := range page.Rules {
			use.Last = ""
			found = found || use == want
		}
		if !found {
			t.Errorf("%+v is not in %+v", want, page.Rules)
		}
	}
	if page.Total != mostRecent || !page.More || len(page.Recent) != 5 || page.Recent[0].Device != "d-u611" || page.Recent[0].What != "lowered" ||
		page.Recent[1].What != "denied" || page.Recent[2].What != "observed" || page.Recent[3].What != "given" || page.Recent[0].User != "e0e75" {
		t.Errorf("%+v", page)
	}
	if page = read[DecisionsPage](t, url+"?rule=stolen&limit=1&offset=1"); page.Total != mostRecent/4 || page.Recent[0].Device != "d-u606" {
		t.Errorf("%+v", page)
	}
	if page = read[DecisionsPage](t, url+"?q=d-u60&limit=1"); page.Total != 10 {
		t.Errorf("%+v", page)
	}
	for i := range mostRecent + 100 {
		l.tally.Forget(fmt.Sprintf("u%d", i))
	}
	if page = read[DecisionsPage](t, url); page.Total != 0 || len(page.Rules) != 4 {
		t.Errorf("after all users were forgotten: %+v", page)
	}
}

func TestRulesWithoutEndAreCountedTogether(t *testing.T) {
	tally := NewTally(start)
	for i := range mostRules + 50 {
		e := began("u", start, time.Minute, time.Minute)
		e.Rule = fmt.Sprint("r", i)
		tally.Tell(e)
	}
	rules, _ := tally.decisions()
	if len(rules) != mostRules+1 || rules[0].Rule != "(others)" || rules[0].Waits != 50 {
		t.Errorf("%d rules, the first %+v", len(rules), rules[0])
	}
}

func TestALongNameIsNotKeptAndItsDeviceIsStillFound(t *testing.T) {
	l := newLearned()
	k := heartbeat.Key{Principal: strings.Repeat("a", 5000), Device: strings.Repeat("b", 5000), Type: "iPhone"}
	n := heartbeat.Network{Name: "a", HTTP: 1}
	l.devices.Asked(k, start, n, time.Minute)
	e := began("", start, time.Minute, time.Minute)
	e.Key = k
	l.tally.Tell(e)
	address := l.serve(t)
	page := read[DecisionsPage](t, address+"/api/v1/decisions")
	if len(page.Recent) != 1 || len(page.Recent[0].Device) != 255 {
		t.Fatalf("%+v", page)
	}
	if d := read[DeviceDetail](t, address+"/api/v1/devices/"+page.Recent[0].ID); d.Asked != 60 {
		t.Errorf("%+v", d)
	}
	l.tally.Forget(k.Principal)
	if page := read[DecisionsPage](t, address+"/api/v1/decisions"); page.Total != 0 {
		t.Errorf("%+v", page)
	}
}

func TestManyTellAtOnce(t *testing.T) {
	tally := NewTally(start)
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for j := range 200 {
				e := began(fmt.Sprint(i), start.Add(time.Duration(j)*time.Millisecond), time.Minute, time.Minute)
				tally.Tell(e)
				tally.Tell(ended(e, time.Second, heartbeat.Expired))
				tally.Forget("nobody")
			}
		})
	}
	all.Wait()
	var f Fleet
	tally.fill(&f, start.Add(time.Minute))
	if f.Held.Total != 0 || f.Windows[1].Waits != 1600 {
		t.Errorf("%+v", f)
	}
}
