package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// A planner is a phone that waits on its inbox and its calendar, as most do.
type planner struct {
	*phone
	calendar phone // the same device, as it syncs the other folder
}

// planner is set up anew, with one appointment in its calendar: of an empty one SOGo
// gives no key that its Ping takes.
func (b *bed) planner(t testing.TB, e *edge) *planner {
	t.Helper()
	p := newPhone(t, e.door(), b.user(t), "PLANNER")
	b.plans(t, p.user, 0)
	p.start()
	c := *p
	c.key, c.inbox = "0", ""
	folders := c.send("FolderSync", el("FolderHierarchy:FolderSync", el("FolderHierarchy:SyncKey", "0"))).doc(t)
	for _, add := range folders.find("FolderHierarchy:Changes").children {
		if add.get("FolderHierarchy:Type") == "8" { // MS-ASCMD 2.2.3.186.3: default Calendar
			c.inbox = add.get("FolderHierarchy:ServerId")
		}
	}
	time.Sleep(1100 * time.Millisecond) // SOGo dates by seconds: the Sync is to be later than the appointment
	c.sync()
	if came := c.sync(); c.inbox == "" || len(came) != 1 {
		t.Fatalf("the calendar %q of %s is not synced: %v", c.inbox, p.user, came)
	}
	return &planner{p, c}
}

// wait waits on both folders.
func (p *planner) wait() (heard chan answer) {
	p.t.Helper()
	folder := func(id, class string) *element {
		return el("Ping:Folder", el("Ping:Id", id), el("Ping:Class", class))
	}
	doc := el("Ping:Ping", el("Ping:HeartbeatInterval", heartbeat),
		el("Ping:Folders", folder(p.inbox, "Email"), folder(p.calendar.inbox, "Calendar")))
	heard = make(chan answer, 1)
	go func() {
		a, err := p.leaves(p.t.Context(), doc)
		if err != nil && p.t.Context().Err() == nil {
			p.t.Errorf("the wait broke: %v", err)
		}
		heard <- a
	}()
	return heard
}

// told wants the phone to be told of its calendar, and its Sync to bring the appointment.
func (p *planner) told(heard chan answer, appointment int) {
	p.t.Helper()
	select {
	case a := <-heard:
		if doc := a.doc(p.t); doc.get("Ping:Status") != "2" || doc.get("Ping:Folder") != p.calendar.inbox {
			p.t.Fatalf("want Status 2 for %s: %v", p.calendar.inbox, doc)
		}
	case <-time.After(30 * time.Second):
		p.t.Fatal("the phone was not told of its appointment")
	}
	want := fmt.Sprintf("appointment %d", appointment)
	if came := p.calendar.sync(); len(came) != 1 || came[0].get("Calendar:Subject") != want {
		p.t.Errorf("want %s, the Sync brought %v", want, came)
	}
}

// plans puts an appointment into a user's calendar, past diastole.
func (b *bed) plans(t testing.TB, user string, n int) {
	t.Helper()
	at := time.Now().UTC().Add(24 * time.Hour)
	const stamp = "20060102T150405Z"
	text := []string{"BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//diastole//e2e//EN", "BEGIN:VEVENT",
		fmt.Sprintf("UID:dav-%d@example.test", n), "DTSTAMP:" + at.Format(stamp), "DTSTART:" + at.Format(stamp),
		"DTEND:" + at.Add(time.Hour).Format(stamp), fmt.Sprintf("SUMMARY:appointment %d", n), "END:VEVENT", "END:VCALENDAR", ""}
	url := fmt.Sprintf("%s/dav/%s/Calendar/personal/dav-%d.ics", b.sogo(), user, n)
	r, err := http.NewRequestWithContext(t.Context(), "PUT", url, strings.NewReader(strings.Join(text, "\r\n")))
	if err != nil {
		t.Fatal(err)
	}
	r.SetBasicAuth(user, password)
	r.Header.Set("Content-Type", "text/calendar; charset=utf-8")
	// sogod closes each connection after one answer, and does not say so.
	resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode/100 != 2 {
		t.Fatalf("PUT of an appointment: HTTP %d", resp.StatusCode)
	}
}

// sogo is where sogod itself answers.
func (b *bed) sogo() string { return "http://" + b.sogod + "/SOGo" }

// rests waits until no question is on or about to be: who begins to listen while one is on
// has another asked after it.
func (e *edge) rests(t testing.TB) {
	t.Helper()
	for before := -1.0; before != e.metric("diastole_checks_total", ".*"); e.idles() {
		before = e.metric("diastole_checks_total", ".*")
		time.Sleep(500 * time.Millisecond) // twice the time in which words about one change are gathered
	}
}

// Two changes: the second is found from what is known since the first, and the phone's
// return costs one question, as without the source, and not two.
func TestAWaitOnACalendarIsCoveredByLooksAtIt(t *testing.T) {
	b := pushBed(t)
	b.dovecot(t)
	e := startEdge(t, "http://"+b.nginx+", profile: sogo, hold: edge",
		imapSource(b.imap, "idle", fmt.Sprintf("dav: {url: %q, every: 10s}", b.sogo()+"/dav")))
	p := b.planner(t, e)
	for n := 1; n <= 2; n++ {
		begun, before := e.begun(), e.metric("diastole_checks_total", ".*")
		heard := p.wait()
		e.awaits(t, "diastole_wake_covered", "", 1)
		e.awaits(t, "diastole_checks_total", `reason="begin",verdict="unchanged"`, begun+1)
		e.rests(t)
		if asked := e.metric("diastole_checks_total", ".*") - before; n == 2 && asked != 1 {
			t.Errorf("%v questions as it comes back, want 1", asked)
		}
		b.plans(t, p.user, n)
		began := time.Now()
		p.told(heard, n)
		t.Logf("told after %v", time.Since(began))
		if got := e.told("wake"); got != float64(n) {
			t.Errorf("%v of %d changes were found because of a word", got, n)
		}
	}
	if first := e.metric("diastole_wake_dav_looks_total", `result="first"`); first != 1 {
		t.Errorf("seen for the first time %v times", first)
	}
}
