package e2e

import (
	"fmt"
	"testing"
	"time"
)

// A source is a way in which diastole hears of changes: what Dovecot has to be told,
// and what diastole.
type source struct {
	name    string
	dovecot func(testing.TB, *bed, string) string // with the address of the hook
	wake    func(testing.TB, *bed, string) string
	asked   bool // it tells only of users who have asked for it
	brief   bool // it is not measured: it is as fast as another one
}

// sources are all ways that there are with Dovecot.
var sources = []source{
	{name: "Dovecot hook",
		dovecot: func(t testing.TB, b *bed, hook string) string { return b.luaHook(t, hook) },
		wake:    func(t testing.TB, b *bed, hook string) string { return hookSource(t, hook) }},
	{name: "Dovecot's own OX driver", asked: true, brief: true,
		dovecot: func(_ testing.TB, _ *bed, hook string) string { return oxHook(hook) },
		wake:    func(t testing.TB, b *bed, hook string) string { return hookSource(t, hook) }},
	{name: "IMAP NOTIFY", dovecot: plain,
		wake: func(t testing.TB, b *bed, _ string) string { return imapSource(b.imap, "notify") }},
	{name: "IMAP NOTIFY by a master user", brief: true,
		dovecot: func(t testing.TB, b *bed, _ string) string { return b.masters(t) },
		wake:    func(t testing.TB, b *bed, _ string) string { return masterSource(t, b.imap) }},
	{name: "IDLE with hibernation",
		dovecot: func(testing.TB, *bed, string) string { return hibernate },
		wake:    func(t testing.TB, b *bed, _ string) string { return imapSource(b.imap, "idle") }},
	{name: "IDLE without", dovecot: plain,
		wake: func(t testing.TB, b *bed, _ string) string { return imapSource(b.imap, "idle") }},
	{name: "none", dovecot: plain,
		wake: func(testing.TB, *bed, string) string { return wake("poll: 5s") }},
}

func plain(testing.TB, *bed, string) string { return "" }

// start sets up Dovecot and diastole for the source. The first user gets a mail, by which
// a hook is known to be there.
func (s source) start(t testing.TB, b *bed, users []string) *edge {
	t.Helper()
	hook := freePort(t)
	b.dovecot(t, s.dovecot(t, b, hook))
	e := startEdge(t, "http://"+b.nginx+", profile: sogo, hold: edge", s.wake(t, b, hook))
	if s.name == "none" {
		e.log.expect("nobody tells of changes")
	}
	for _, user := range users {
		if s.asked {
			b.subscribe(t, user)
		}
	}
	b.courier(t).delivers(t, users[0], "introduction")
	return e
}

// introduce brings a mail to somebody: diastole relies on Dovecot's hook only after it
// has heard it.
func (b *bed) introduce(t testing.TB) { b.courier(t).delivers(t, b.user(t), "introduction") }

// Five deliveries for each source. How fast it is, `make push` measures; here is counted
// what made diastole look: the source, and not the time that had passed.
func TestEachSourceTellsOfMail(t *testing.T) {
	b := pushBed(t)
	for _, s := range sources {
		t.Run(s.name, func(t *testing.T) {
			users := b.people(t, 5)
			e := s.start(t, b, users)
			th := newThrong(t, b, e.door(), users)
			defer th.leave()
			th.wait(6)
			th.settle(e, 0)
			reason := "poll"
			if s.name != "none" {
				reason = "wake"
				th.covered(e)
			}
			t.Logf("delivery to Status 2: %v", th.wake(th.phones, 500*time.Millisecond))
			if n := e.told(reason); n != 5 {
				t.Errorf("%v of 5 changes were found because of a %s", n, reason)
			}
		})
	}
}

// told counts the changes that were found in a check made for this reason.
func (e *edge) told(reason string) float64 {
	e.t.Helper()
	return e.metric("diastole_checks_total", fmt.Sprintf(`reason=%q,verdict="changed"`, reason))
}
