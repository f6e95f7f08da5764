package dovecot

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/diastole/diastole/internal/said"
	"github.com/diastole/diastole/internal/wake"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const secret = "0123456789abcdef"

// world is an endpoint and a Dovecot that speaks to it.
type world struct {
	t *testing.T
	*Source
	client   *http.Client
	registry *prometheus.Registry
	logs     *observer.ObservedLogs // info and above
}

func newWorld(t *testing.T, users wake.Users) *world {
	t.Helper()
	log, logs := said.Log(t, zapcore.InfoLevel)
	r := prometheus.NewRegistry()
	said.Metrics(t, r)
	s, err := Listen(Config{Listen: "127.0.0.1:0", Token: secret, Users: users, Log: log,
		Metrics: wake.NewMetrics(r, name), Registerer: r})
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t, s, &http.Client{Transport: &http.Transport{ExpectContinueTimeout: time.Minute}}, r, logs}
	t.Cleanup(func() {
		w.client.CloseIdleConnections()
		s.Close()
	})
	return w
}

// send is answered with a status and a text.
func (w *world) send(method, path, authorization, body string) (status int, text string) {
	w.t.Helper()
	r, err := http.NewRequest(method, "http://"+w.Addr().String()+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header.Set("Authorization", authorization)
	if method == "POST" {
		r.Header.Set("Expect", "100-continue")
	}
	answer, err := w.client.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer answer.Body.Close()
	said, err := io.ReadAll(answer.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return answer.StatusCode, string(said)
}

// tell is one event as the script sends it.
func (w *world) tell(user, event, folder string) {
	w.t.Helper()
	body := fmt.Sprintf(`{"user":%q,"events":[{"event":%q,"folder":%q}]}`, user, event, folder)
	if status, text := w.send("POST", "/lua", "Bearer "+secret, body); status != 204 {
		w.t.Errorf("%s answered %d %s", body, status, text)
	}
}

func (w *world) value(name, label string) float64 {
	w.t.Helper()
	families, err := w.registry.Gather()
	if err != nil {
		w.t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			var labels []string
			for _, l := range m.GetLabel() {
				labels = append(labels, l.GetValue())
			}
			if f.GetName() == "diastole_wake_"+name && strings.Join(labels, " ") == label {
				return m.GetCounter().GetValue() + m.GetGauge().GetValue()
			}
		}
	}
	w.t.Fatalf("no metric %s of %q", name, label)
	return 0
}

// ear hears. A word about coverage may come from another goroutine.
type ear struct {
	words chan bool
	wake.Watching
}

func (w *world) listen(m wake.Mailbox) *ear {
	e := &ear{words: make(chan bool, 100)}
	e.Watching = w.Watch(m, func(changed bool) { e.words <- changed })
	return e
}

// woken is how often it was told of a change until now.
func (e *ear) woken() (n int) {
	for {
		select {
		case changed := <-e.words:
			if changed {
				n++
			}
		default:
			return n
		}
	}
}

func TestAnEventWakesThoseOfThisUserWhoWaitOnSuchAFolder(t *testing.T) {
	for _, c := range []struct {
		event, folder                  string
		inbox, mail, everything, other int
	}{
		{"MessageNew", "INBOX", 1, 0, 1, 0},
		{"FlagsSet", "Archive/2026", 0, 1, 1, 0},
		{"MailboxRename", "New", 1, 1, 1, 0},
		{"More", "", 1, 1, 1, 0},
	} {
		t.Run(c.event+" "+c.folder, func(t *testing.T) {
			w := newWorld(t, wake.Users{})
			inbox, mail := w.listen(wake.Mailbox{User: "u", Inbox: true}), w.listen(wake.Mailbox{User: "u", Mail: true})
			everything := w.listen(wake.Mailbox{User: "u", Inbox: true, Mail: true, Other: true})
			other, somebody := w.listen(wake.Mailbox{User: "u", Other: true}), w.listen(wake.Mailbox{User: "v", Inbox: true, Mail: true})
			w.tell("u", c.event, c.folder)
			got := []int{inbox.woken(), mail.woken(), everything.woken(), other.woken(), somebody.woken()}
			if !slices.Equal(got, []int{c.inbox, c.mail, c.everything, c.other, 0}) {
				t.Errorf("woken: %v", got)
			}
		})
	}
}

func TestNamesAreComparedInTheFormOfTheMailStore(t *testing.T) {
	for _, c := range []struct {
		users          wake.Users
		phone, dovecot string
		woken          int
	}{
		{wake.Users{}, `CORP\Anna`, "anna", 1},
		{wake.Users{}, "Anna@Example.com", "anna@example.com", 1},
		{wake.Users{}, "anna", "anna@example.com", 1}, // a namesake, as nobody waits under the whole name
		{wake.Users{}, "anna@example.com", "anna", 1},
		{wake.Users{}, "anna@example.com", "anna@example.org", 0},
		{wake.Users{}, "anna", "annabel@example.com", 0},
		{wake.Users{Form: wake.Local}, "anna", "anna@example.com", 1},
		{wake.Users{Form: wake.Local}, "anna@example.com", "anna", 1},
		{wake.Users{Form: wake.Full, Domain: "example.com"}, `CORP\anna`, "anna@example.com", 1},
		{wake.Users{Form: wake.Full, Domain: "example.com"}, "anna@example.org", "anna@example.com", 0},
	} {
		w := newWorld(t, c.users)
		e := w.listen(wake.Mailbox{User: c.phone, Inbox: true})
		w.tell(c.dovecot, "MessageNew", "INBOX")
		if got := e.woken(); got != c.woken {
			t.Errorf("%+v: %s is woken %d times by %s, want %d", c.users, c.phone, got, c.dovecot, c.woken)
		}
	}
}

func TestNothingIsKeptOfWhoHasLeft(t *testing.T) {
	w := newWorld(t, wake.Users{})
	e, f := w.listen(wake.Mailbox{User: "u", Inbox: true}), w.listen(wake.Mailbox{User: "u", Inbox: true})
	e.Leave()
	w.tell("u", "MessageNew", "INBOX")
	if e.woken() != 0 || f.woken() != 1 {
		t.Error("the wrong one was woken")
	}
	f.Leave()
	f.Leave()
	if len(w.watchers) != 0 {
		t.Errorf("kept: %v", w.watchers)
	}
}

func TestADriverIsBelievedOnceItHasBeenHeard(t *testing.T) {
	w := newWorld(t, wake.Users{})
	e := w.listen(wake.Mailbox{User: "u", Inbox: true, Mail: true})
	if e.Covers() != 0 || w.value("source_up", "dovecot") != 0 {
		t.Error("believed before a word was heard")
	}
	if status, text := w.send("PUT", "/ox", "Basic b3g6MDEyMzQ1Njc4OWFiY2RlZg==", oxNotice); status != 204 {
		t.Fatalf("%d %s", status, text)
	}
	if changed := <-e.words; changed || e.Covers() != wake.Inbox || w.value("source_up", "dovecot") != 1 {
		t.Errorf("OX covers %b", e.Covers())
	}
	w.tell("somebody", "MessageNew", "INBOX")
	if changed := <-e.words; changed || e.Covers() != both {
		t.Errorf("the script covers %b", e.Covers())
	}
	if w.logs.Len() != 0 {
		t.Errorf("logged: %v", w.logs.All())
	}
}

func TestAScriptThatIsSilentAndMissedAChangeIsBelievedByNobodyUntilItSpeaks(t *testing.T) {
	core, logs := observer.New(zapcore.InfoLevel)
	r := prometheus.NewRegistry()
	b := newBelief(zap.New(core), wake.NewMetrics(r, name))
	w := &world{t: t, registry: r}
	now := time.Now()
	b.heard(lua, "u", now)
	now = now.Add(alive)
	if !b.missed("u", now) || b.covers("u")|b.covers("v") != 0 || w.value("source_up", name) != 0 {
		t.Error("still believed, or it is said to concern one user")
	}
	if b.missed("v", now) {
		t.Error("a second user who missed something is no news for the others")
	}
	if b.heard(lua, "v", now) != all || b.covers("v") != both || w.value("source_up", name) != 1 {
		t.Error("not believed though it speaks")
	}
	if b.covers("u") != 0 {
		t.Error("what is heard of v says nothing of u")
	}
	if b.heard(lua, "u", now) != one || b.covers("u") != both {
		t.Error("u is doubted though the script speaks of him")
	}
	if b.heard(lua, "u", now) != nobody {
		t.Error("a word more is news")
	}
	lines := logs.All()
	if len(lines) != 2 || lines[0].Level != zapcore.WarnLevel || lines[1].Level != zapcore.InfoLevel {
		t.Errorf("%v", lines)
	}
}

func TestAScriptThatSpokeJustNowIsDoubtedForOneUserOnly(t *testing.T) {
	w := newWorld(t, wake.Users{})
	w.tell("v", "MessageNew", "INBOX")
	u, v := w.listen(wake.Mailbox{User: "U", Inbox: true}), w.listen(wake.Mailbox{User: "v", Inbox: true})
	w.Missed("u")
	if <-u.words || u.Covers() != 0 {
		t.Error("u is not told, or still covered")
	}
	if v.Covers() != both || len(v.words) > 0 || w.logs.Len() != 0 {
		t.Errorf("v covers %b, logged: %v", v.Covers(), w.logs.All())
	}
	w.tell("u", "MessageNew", "Trash")
	if <-u.words || u.Covers() != both {
		t.Error("u is not told, or still doubted")
	}
}

func TestTheSilenceOfTheOXDriverConcernsOneUser(t *testing.T) {
	w := newWorld(t, wake.Users{})
	w.send("PUT", "/ox", "Basic b3g6MDEyMzQ1Njc4OWFiY2RlZg==", oxNotice)
	u, v := w.listen(wake.Mailbox{User: "u", Inbox: true}), w.listen(wake.Mailbox{User: "v", Inbox: true})
	w.Missed("u")
	if u.Covers() != 0 || v.Covers() != wake.Inbox || w.logs.Len() != 0 {
		t.Errorf("u %b, v %b, %v", u.Covers(), v.Covers(), w.logs.All())
	}
}

func TestDoubtedUsersAreBounded(t *testing.T) {
	b := newBelief(zap.NewNop(), nil)
	for n := range mostDoubted + 100 {
		b.missed(fmt.Sprint("user", n), time.Time{})
	}
	if len(b.doubted) != mostDoubted || !b.doubted[fmt.Sprint("user", mostDoubted+99)] {
		t.Errorf("%d are remembered", len(b.doubted))
	}
}

func TestTheHubLearnsFromAMissedChange(t *testing.T) {
	w := newWorld(t, wake.Users{})
	w.tell("u", "MessageNew", "INBOX")
	synctest.Test(t, func(t *testing.T) { // the endpoint is outside: this is about the hub's patience
		hub := wake.New(wake.Config{Sources: []wake.Source{quietSource{w.Source}}})
		defer hub.Close()
		wait := hub.Watch(wake.Mailbox{User: "u", Inbox: true, Mail: true}, func(bool) {})
		defer wait.Leave()
		if !wait.Covered() {
			t.Fatal("not covered")
		}
		wait.Missed()
		time.Sleep(time.Minute)
		if wait.Covered() {
			t.Error("a change was missed and it is believed still")
		}
	})
}

// quietSource is left open by a hub.
type quietSource struct{ *Source }

func (quietSource) Close() {}
