package e2e

import (
	"net/http"
	"sync"
	"testing"
	"time"
)

// apart is how far two answers of one server to the same request may lie apart.
// It compares the way through diastole with the straight way in the same
// second, so a slow machine slows both.
const apart = time.Second

// both sends the same through diastole and straight to the server, at once.
func both(through, straight *phone, send func(*phone) answer) (a, b answer) {
	var wg sync.WaitGroup
	wg.Go(func() { a = send(through) })
	wg.Go(func() { b = send(straight) })
	wg.Wait()
	return a, b
}

// fromServer tells whether the server itself has answered.
func (a answer) fromServer() bool { return a.header.Get("MS-Server-ActiveSync") != "" }

// alike fails the test unless both answers are the same at the same time.
func alike(t *testing.T, through, straight answer) {
	t.Helper()
	if through.status != straight.status || string(through.body) != string(straight.body) {
		t.Errorf("through diastole: %d %q\nstraight: %d %q", through.status, through.body, straight.status, straight.body)
	}
	if d := through.took - straight.took; d.Abs() >= apart {
		t.Errorf("answered after %v, straight after %v: %v apart", through.took, straight.took, d)
	}
	if got, want := through.header.Get("Content-Type"), straight.header.Get("Content-Type"); got != want {
		t.Errorf("Content-Type %q, straight %q", got, want)
	}
	if got, want := through.header.Get("Content-Length"), straight.header.Get("Content-Length"); got != want {
		t.Errorf("Content-Length %q, straight %q", got, want)
	}
}

func TestAPingWithNothingNewEndsWhenTheServerSaysSo(t *testing.T) {
	t.Parallel()
	e, user := startEdge(t, front()), server.user(t)
	through, straight := newPhone(t, e.door(), user, "THROUGH").start(), newPhone(t, direct(), user, "STRAIGHT").start()
	a, b := both(through, straight, func(p *phone) answer { return p.ping("30") })
	alike(t, a, b)
	if status := a.doc(t).get("Ping:Status"); status != "1" {
		t.Errorf("Status %s, want 1: %v", status, a.doc(t))
	}
	e.expectWaits(1, "ping", "expired")
}

func TestAPingIsWokenByADeliveredMail(t *testing.T) {
	t.Parallel()
	e, user := startEdge(t, front()), server.user(t)
	through, straight := newPhone(t, e.door(), user, "THROUGH").start(), newPhone(t, direct(), user, "STRAIGHT").start()
	delivered := e.onWaits(1, func() { server.deliver(t, user, "wake up") })
	a, b := both(through, straight, func(p *phone) answer { return p.ping("50") })
	delivered()
	alike(t, a, b)
	doc := a.doc(t)
	if doc.get("Ping:Status") != "2" || doc.get("Ping:Folder") != through.inbox {
		t.Errorf("want Status 2 for %s: %v", through.inbox, doc)
	}
	came := through.sync()
	if len(came) != 1 || came[0].get("Email:Subject") != "wake up" {
		t.Errorf("the Sync after it brought %v", came)
	}
	e.expectWaits(1, "ping", "changed")
}

// Scenario 5. SOGo is a third of a second late with 30 of them. Whoever does not wait
// for it, answers the phone himself and then hands the dying wait to the phone's next
// Ping, wakes it twice.
func TestAPingRightAfterOneThatTimedOutIsHeldAgainInFull(t *testing.T) {
	t.Parallel()
	e, user := startEdge(t, front()+", profile: sogo, linger: 30s"), server.user(t)
	p := newPhone(t, e.door(), user, "AGAIN").start()
	// Two by SOGo itself, one after the other; with all these tests beside it on two
	// processors it may be more than a second late, and is then answered for.
	pings := 0
	for inTime := 0; inTime < 2 && pings < 6; pings++ {
		a := p.ping("30")
		if status := a.doc(t).get("Ping:Status"); status != "1" || a.took < 29*time.Second {
			t.Fatalf("Ping %d of 30 s: Status %s after %v", pings+1, status, a.took)
		}
		inTime++
		if !a.fromServer() {
			inTime = 0
		}
	}
	if pings == 6 {
		t.Error("SOGo was never in time for two Pings")
	}
	e.expectWaits(pings, "ping", "expired")
}

func TestAnEmptyPingMeansAsLastTime(t *testing.T) {
	t.Parallel()
	e, user := startEdge(t, front()), server.user(t)
	through, straight := newPhone(t, e.door(), user, "THROUGH").start(), newPhone(t, direct(), user, "STRAIGHT").start()
	never := func(p *phone) answer { return p.send("Ping", nil) }
	a, b := both(through, straight, never)
	alike(t, a, b)
	if status := a.doc(t).get("Ping:Status"); status != "3" { // MS-ASCMD 2.2.3.177.11: nothing is cached
		t.Errorf("an empty Ping of a device that never pinged: Status %s, want 3", status)
	}
	both(through, straight, func(p *phone) answer { return p.ping("10") })
	a, b = both(through, straight, never)
	alike(t, a, b)
	if status := a.doc(t).get("Ping:Status"); status != "1" {
		t.Errorf("an empty Ping after one of 10 s: Status %s, want 1", status)
	}
	e.expectWaits(1, "ping", "refused")
	e.expectWaits(2, "ping", "expired")
}

func TestAHangingSyncEndsEmptyOrWithTheMail(t *testing.T) {
	t.Parallel()
	e, user := startEdge(t, front()), server.user(t)
	through, straight := newPhone(t, e.door(), user, "THROUGH").start(), newPhone(t, direct(), user, "STRAIGHT").start()
	hang := func(p *phone) answer { return p.send("Sync", p.syncRequest(el("AirSync:HeartbeatInterval", "15"))) }
	a, b := both(through, straight, hang)
	asked := 1
	for ; !a.fromServer() && asked < 4; asked++ { // more than a second late, as it may be under load
		a, b = both(through, straight, hang)
	}
	alike(t, a, b)
	// MS-ASCMD 2.2.1.21.2: an empty answer says that nothing changed. AOSP takes
	// it for empty only with Content-Length: 0, not as a chunked body of length 0.
	if a.status != http.StatusOK || len(a.body) != 0 || a.header.Get("Content-Length") != "0" {
		t.Errorf("a Sync with nothing new: %d, %d bytes, Content-Length %q", a.status, len(a.body), a.header.Get("Content-Length"))
	}
	e.expectWaits(asked, "sync", "expired")

	delivered := e.onWaits(1, func() { server.deliver(t, user, "for the Sync") })
	a, b = both(through, straight, hang)
	delivered()
	alike(t, a, b)
	if subject := a.doc(t).get("Email:Subject"); subject != "for the Sync" {
		t.Errorf("the Sync brought %q", subject)
	}
	e.expectWaits(1, "sync", "changed")
}
