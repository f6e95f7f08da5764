package e2e

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"
)

// A throng is many phones that wait at once.
type throng struct {
	t      testing.TB
	bed    *bed
	phones []*phone
	told   chan told
	ctx    context.Context // until they leave
	waits  sync.WaitGroup
	leave  func()
}

// told is what one of them was answered, and when.
type told struct {
	phone *phone
	answer
	at time.Time
}

// newThrong is a phone of each user. They knock at d.
func newThrong(t testing.TB, b *bed, d door, users []string) *throng {
	t.Helper()
	th := &throng{t: t, bed: b, phones: make([]*phone, len(users)), told: make(chan told, len(users))}
	ctx, cancel := context.WithCancel(t.Context())
	th.ctx, th.leave = ctx, func() { cancel(); th.waits.Wait() }
	for i, user := range users {
		th.phones[i] = newPhone(t, d, user, fmt.Sprintf("CROWD%d", i))
	}
	return th
}

// wait has all of them do what a phone does that is set up anew, some at once, and then
// wait. What comes back is in told.
func (th *throng) wait(atOnce int) {
	th.t.Helper()
	places := make(chan struct{}, atOnce)
	var starting sync.WaitGroup
	for _, p := range th.phones {
		starting.Go(func() {
			places <- struct{}{}
			defer func() { <-places }()
			p.start()
			th.waits.Go(func() { th.ping(p) })
		})
	}
	starting.Wait()
	if th.t.Failed() {
		th.t.FailNow()
	}
}

func (th *throng) ping(p *phone) {
	a, err := p.leaves(th.ctx, p.pingRequest(heartbeat))
	if th.ctx.Err() != nil {
		return
	}
	if err != nil {
		th.t.Errorf("the wait of %s: %v", p.user, err)
	}
	th.told <- told{p, a, time.Now()}
}

// settle waits until each wait's first check is over; before is how many there had been
// when the first wait began.
func (th *throng) settle(e *edge, before float64) {
	th.t.Helper()
	for begun := time.Now(); e.begun() < before+float64(len(th.phones)); {
		if !th.silent() || time.Since(begun) > 3*time.Minute {
			th.t.Fatalf("%v of %d waits were checked", e.begun()-before, len(th.phones))
		}
		time.Sleep(200 * time.Millisecond)
	}
}

// begun counts the waits whose first check found nothing.
func (e *edge) begun() float64 {
	e.t.Helper()
	return e.metric("diastole_checks_total", `reason="begin",verdict="unchanged"`)
}

// covered waits until a source covers all of them.
func (th *throng) covered(e *edge) {
	th.t.Helper()
	e.awaits(th.t, "diastole_wake_covered", "", float64(len(th.phones)))
	e.idles()
}

// idles waits until no check is on: a mail that comes during one of SOGo's is told of at
// its end.
func (e *edge) idles() {
	e.t.Helper()
	for limit := time.Now().Add(30 * time.Second); e.metric("diastole_upstream_checks(_queued)?", "") > 0; time.Sleep(100 * time.Millisecond) {
		if time.Now().After(limit) {
			e.t.Fatal("checks are on after 30 s")
		}
	}
}

// silent fails the test if one of them was answered.
func (th *throng) silent() bool {
	th.t.Helper()
	select {
	case heard := <-th.told:
		th.t.Errorf("%s was answered HTTP %d after %v without a cause: %.200q", heard.phone.user, heard.status, heard.took, heard.body)
		return false
	default:
		return true
	}
}

// wake delivers a mail to each of the phones, with a gap after it: they are told, and
// nobody else, and their Syncs bring it. It gives the times from the end of the delivery
// to Status 2, shortest first.
func (th *throng) wake(phones []*phone, gap time.Duration) (took []time.Duration) {
	th.t.Helper()
	courier := th.bed.courier(th.t)
	sent := map[*phone]time.Time{}
	heard := map[*phone]told{}
	for _, p := range phones {
		sent[p] = courier.delivers(th.t, p.user, "mail for "+p.user)
		th.hear(sent, heard, time.After(gap))
	}
	th.hear(sent, heard, time.After(30*time.Second))
	for p, at := range sent {
		what, was := heard[p]
		if !was {
			th.t.Errorf("%s was not told of his mail", p.user)
			continue
		}
		took = append(took, what.at.Sub(at))
		th.judge(what, p)
	}
	th.silent()
	slices.Sort(took)
	return took
}

// hear takes what phones are told, until the time is over or nothing more can come.
func (th *throng) hear(sent map[*phone]time.Time, heard map[*phone]told, over <-chan time.Time) {
	th.t.Helper()
	for len(heard) < len(sent) {
		select {
		case what := <-th.told:
			if _, due := sent[what.phone]; !due {
				th.t.Errorf("no mail came for %s, who was answered: %.200q", what.phone.user, what.body)
			}
			heard[what.phone] = what
		case <-over:
			return
		}
	}
}

// judge wants that this phone was told of its Inbox, and that the mail is there.
func (th *throng) judge(heard told, p *phone) {
	th.t.Helper()
	doc := heard.doc(th.t)
	if doc.get("Ping:Status") != "2" || doc.get("Ping:Folder") != p.inbox {
		th.t.Errorf("want Status 2 for %s: %v", p.inbox, doc)
	}
	if came := p.sync(); len(came) != 1 || came[0].get("Email:Subject") != "mail for "+p.user {
		th.t.Errorf("the Sync of %s brought %v", p.user, came)
	}
}
