package e2e

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// shortly are the shortest times that diastole takes.
var shortly = []string{"poll: 5s", "safety: 30s"}

// A listener is one phone behind a diastole of its own, and what brings it mail.
type listener struct {
	t       testing.TB
	bed     *bed
	edge    *edge
	phone   *phone
	courier *courier
	mails   int
}

func (b *bed) listener(t testing.TB, source string) *listener {
	t.Helper()
	e := startEdge(t, "http://"+b.nginx+", profile: sogo, hold: edge, max_checks: 2", source)
	return &listener{t: t, bed: b, edge: e, courier: b.courier(t), phone: newPhone(t, e.door(), b.user(t), "LISTENER").start()}
}

// wait sends a Ping and waits until its first check is over.
func (l *listener) wait() (heard chan answer) {
	l.t.Helper()
	heard = make(chan answer, 1)
	before := l.edge.begun()
	go func() {
		a, err := l.phone.leaves(l.t.Context(), l.phone.pingRequest(heartbeat))
		if err != nil && l.t.Context().Err() == nil {
			l.t.Errorf("the wait broke: %v", err)
		}
		heard <- a
	}()
	l.edge.awaits(l.t, "diastole_checks_total", `reason="begin",verdict="unchanged"`, before+1)
	return heard
}

// covered waits until a source covers the one wait there is.
func (l *listener) covered() {
	l.t.Helper()
	l.edge.awaits(l.t, "diastole_wake_covered", "", 1)
	l.edge.idles()
}

// hears waits, has a mail delivered, and gives the reason for which diastole looked. It
// must be told within the safety interval and what two checks take.
func (l *listener) hears() (reason string) {
	l.t.Helper()
	reasons := []string{"wake", "poll", "safety", "begin"}
	before := map[string]float64{}
	heard := l.wait()
	for _, reason := range reasons {
		before[reason] = l.edge.told(reason)
	}
	l.mails++
	delivered := l.courier.delivers(l.t, l.phone.user, fmt.Sprintf("mail %d", l.mails))
	select {
	case a := <-heard:
		if doc := a.doc(l.t); doc.get("Ping:Status") != "2" {
			l.t.Fatalf("want Status 2: %v", doc)
		}
	case <-time.After(45 * time.Second):
		l.t.Fatal("a mail was not told of within 45 s")
	}
	if came := l.phone.sync(); len(came) != 1 || came[0].get("Email:Subject") != fmt.Sprintf("mail %d", l.mails) {
		l.t.Errorf("the Sync brought %v", came)
	}
	for _, r := range reasons {
		if l.edge.told(r) > before[r] {
			reason = r
		}
	}
	l.t.Logf("mail %d: told after %v, because of: %s", l.mails, time.Since(delivered).Round(time.Millisecond), reason)
	return reason
}

// hearsBecauseOf wants one of the reasons.
func (l *listener) hearsBecauseOf(reasons string) {
	l.t.Helper()
	if reason := l.hears(); reason == "" || !strings.Contains(reasons, reason) {
		l.t.Errorf("mail %d was told of because of %q, want %s", l.mails, reason, reasons)
	}
}

// A source that is gone costs time, and nothing else; one line says so, and a metric.
// When it is there again, so is its speed.
//
// All of it at once, each with a diastole of its own: they wait for seconds to pass.
func TestPushGoesOnWithoutItsSource(t *testing.T) {
	b := pushBed(t)
	hook := freePort(t)
	wire := newRelay(t, hook)
	b.dovecot(t, b.luaHook(t, wire.address))
	t.Run("at once", func(t *testing.T) {
		t.Run("the hook is refused", func(t *testing.T) { t.Parallel(); hookRefused(t, b, hook, wire) })
		t.Run("the IMAP connection is cut", func(t *testing.T) { t.Parallel(); imapLost(t, b, (*relay).refuse) })
		t.Run("the IMAP connection hangs", func(t *testing.T) { t.Parallel(); imapLost(t, b, (*relay).hang) })
		t.Run("a password is changed while a wait is held", func(t *testing.T) { t.Parallel(); passwordChanged(t, b) })
		t.Run("a folder is added while a wait is held", func(t *testing.T) { t.Parallel(); folderAdded(t, b) })
	})
	t.Run("Dovecot is stopped and started", func(t *testing.T) { dovecotStopped(t, b) })
}

// hookRefused: nothing tells diastole of that but the mail itself, which it finds at the
// latest when it looks for safety's sake. That the hook is dead for everybody it says
// only when there was no word for five minutes (internal/wake/dovecot); until then it is
// this user's mailbox that it looks at more often. Dovecot's log has the reason at once.
func hookRefused(t *testing.T, b *bed, hook string, wire *relay) {
	l := b.listener(t, hookSource(t, hook, shortly...))
	l.edge.log.expect("wake source down")
	b.introduce(t)
	l.hearsBecauseOf("wake")
	wire.refuse()
	l.hearsBecauseOf("safety")
	l.edge.awaits(t, "diastole_wake_missed_total", `source="dovecot"`, 1)
	l.hearsBecauseOf("poll")
	wire.pass(t)
	l.hears() // by whichever comes first: from here on the hook speaks again
	l.hearsBecauseOf("wake")
	if lines := l.edge.log.warnings("wake source down"); len(lines) > 1 {
		t.Errorf("%d warnings for one outage: %v", len(lines), lines)
	}
	log, err := os.ReadFile(filepath.Join(b.dir, "log/dovecot.log"))
	if err != nil || !strings.Contains(string(log), "diastole was not told") {
		t.Errorf("Dovecot's log does not say that diastole cannot be told: %v", err)
	}
}

func imapLost(t *testing.T, b *bed, lose func(*relay)) {
	wire := newRelay(t, b.imap)
	l := b.listener(t, imapSource(wire.address, "auto", shortly...))
	l.edge.log.expect("wake source down")
	heard := l.wait()
	l.covered()
	l.mails++
	l.courier.delivers(t, l.phone.user, "mail 1")
	<-heard
	l.phone.sync()
	if n := l.edge.told("wake"); n != 1 {
		t.Errorf("%v changes were told of by IMAP, want 1", n)
	}
	lose(wire)
	l.hearsBecauseOf("poll safety")
	wire.pass(t)
	heard = l.wait() // nobody connects for nobody
	l.covered()
	before := l.edge.told("wake")
	l.courier.delivers(t, l.phone.user, "the last mail")
	<-heard
	if l.edge.told("wake") == before {
		t.Error("IMAP is there again, and does not tell")
	}
	if up := l.edge.metric("diastole_wake_source_up", `source="imap"`); up != 1 {
		t.Errorf("IMAP is there again, and its metric is %v", up)
	}
	if lines := l.edge.log.warnings("wake source down"); len(lines) > 1 {
		t.Errorf("%d warnings for one outage: %v", len(lines), lines)
	}
}

// passwordChanged: what is held goes on with the old one until the next look; then the
// server's own refusal comes.
func passwordChanged(t *testing.T, b *bed) {
	l := b.listener(t, imapSource(b.imap, "auto", shortly...))
	l.edge.log.expect("wake|refus")
	heard := l.wait()
	changed := time.Now()
	if err := b.run(t.Context(), "password", l.phone.user, "another"); err != nil {
		t.Fatal(err)
	}
	select {
	case a := <-heard:
		t.Logf("HTTP %d after %v", a.status, time.Since(changed).Round(time.Second))
		if a.status != http.StatusUnauthorized || a.header.Get("WWW-Authenticate") == "" {
			t.Errorf("HTTP %d %v, want SOGo's own 401", a.status, a.header)
		}
	case <-time.After(45 * time.Second):
		t.Error("a changed password was not noticed within 45 s")
	}
}

// folderAdded: SOGo says nothing to a Ping when a folder is added (servers.md part 3),
// neither to one straight to it nor to ours. The wait goes on, and the phone's next
// FolderSync brings the folder, as without diastole.
func folderAdded(t *testing.T, b *bed) {
	l := b.listener(t, imapSource(b.imap, "notify", shortly...))
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	straight := newPhone(t, door{url: "http://" + b.nginx}, l.phone.user, "STRAIGHT").start()
	told := make(chan answer, 1)
	go func() {
		if a, err := straight.leaves(ctx, straight.pingRequest("15")); err == nil {
			told <- a
		}
	}()
	heard := l.wait()
	if _, err := b.reader(t, l.phone.user).do("CREATE Added"); err != nil {
		t.Fatal(err)
	}
	if status := (<-told).doc(t).get("Ping:Status"); status != "1" {
		t.Errorf("straight to SOGo: Status %s for an added folder: let it through to phones, too", status)
	}
	select {
	case a := <-heard:
		t.Errorf("the wait ended with HTTP %d for an added folder: %v", a.status, a.doc(t))
	default:
	}
	folders := l.phone.send("FolderSync", el("FolderHierarchy:FolderSync", el("FolderHierarchy:SyncKey", "0"))).doc(t)
	if names := folders.all("FolderHierarchy:DisplayName"); !strings.Contains(strings.Join(names, " "), "Added") {
		t.Errorf("the FolderSync after it brings %v", names)
	}
}

// dovecotStopped: SOGo itself is then of little use, and it says so itself.
func dovecotStopped(t *testing.T, b *bed) {
	l := b.listener(t, imapSource(b.imap, "auto", shortly...))
	l.edge.log.expect("wake source down")
	heard := l.wait()
	b.daemon(t, "stop", "dovecot")
	l.edge.log.awaitWarning(t, "wake source down", 30*time.Second)
	b.daemon(t, "start", "dovecot")
	l.courier = b.courier(t)
	l.edge.awaits(t, "diastole_wake_source_up", `source="imap"`, 1)
	l.courier.delivers(t, l.phone.user, "after the start")
	select {
	case a := <-heard:
		t.Logf("the wait that saw Dovecot stop: HTTP %d", a.status)
	case <-time.After(90 * time.Second):
		t.Error("the wait that saw Dovecot stop heard nothing of a mail within 90 s")
	}
	l.phone.sync()
	heard = l.wait()
	l.covered()
	before := l.edge.told("wake")
	l.courier.delivers(t, l.phone.user, "the last mail")
	<-heard
	if l.edge.told("wake") == before {
		t.Error("Dovecot is there again, and nobody is told of its mail")
	}
}
