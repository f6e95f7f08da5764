package jmap

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap/zapcore"

	"github.com/diastole/diastole/internal/lab"
	"github.com/diastole/diastole/internal/wake"
)

func TestAfterACutTheLineIsBackInSeconds(t *testing.T) {
	inWorld(t, lab.JMAPConfig{}, func(w *world) {
		p := w.listening(anna())
		for range 5 {
			time.Sleep(2 * time.Minute)
			w.jmap.Cut()
			synctest.Wait()
			if p.Covers() != 0 {
				t.Fatal("covered without a connection")
			}
			settle()
			if n := p.heard(); n != 0 || p.Covers() == 0 {
				t.Fatalf("after a cut in which nothing changed: heard %d, covers %b", n, p.Covers())
			}
			w.deliver("anna")
			synctest.Wait()
			if p.heard() != 1 {
				t.Fatal("a delivery after the cut is not heard of")
			}
		}
		if w.count("failures_total", "unreachable") != 5 {
			t.Errorf("%v failures counted", w.count("failures_total", "unreachable"))
		}
	})
}

func TestWhatChangedDuringAnOutageIsHeardOfAfterIt(t *testing.T) {
	for name, change := range map[string]func(w *world){
		"mail":      func(w *world) { w.deliver("anna") },
		"a folder":  func(w *world) { w.lab.AddFolder("anna", "Projects", "Email") },
		"a contact": func(w *world) { w.lab.AddFolder("anna", "Friends", "Contacts") },
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, lab.JMAPConfig{}, func(w *world) {
				p := w.listening(anna())
				w.jmap.Cut()
				change(w)
				settle()
				if p.heard() == 0 {
					t.Error("nobody was told")
				}
			})
		})
	}
}

func TestEventsThatTheServerLostAreFoundAtTheNextConnection(t *testing.T) {
	inWorld(t, lab.JMAPConfig{}, func(w *world) {
		p := w.listening(anna())
		w.jmap.Lose(true)
		w.deliver("anna")
		time.Sleep(time.Hour)
		if p.heard() != 0 {
			t.Fatal("heard of what the server has not told")
		}
		w.jmap.Cut()
		settle()
		if n := p.heard(); n != 1 || w.count("wakes_total", "missed") != 2 { // the first was its coming up
			t.Errorf("heard %d after the connection, missed %v", n, w.count("wakes_total", "missed"))
		}
	})
}

func TestAServerThatDoesNotTellItsStatesIsBelievedToHaveChanged(t *testing.T) {
	inWorld(t, lab.JMAPConfig{}, func(w *world) {
		p := w.listening(anna())
		w.lab.Inject(lab.Fault{Match: lab.OnPath("/jmap/api"), Kind: lab.FaultHTTP, Code: 500})
		w.jmap.Cut()
		settle()
		if n := p.heard(); n != 1 || p.Covers() == 0 {
			t.Errorf("heard %d, covers %b", n, p.Covers())
		}
	})
}

func TestAHungStreamIsFoundAndReplaced(t *testing.T) {
	inWorld(t, lab.JMAPConfig{}, func(w *world) {
		p := w.listening(anna())
		w.jmap.Hang()
		w.deliver("anna")
		time.Sleep(80 * time.Second)
		if n := p.heard(); n != 1 || p.Covers() == 0 || w.count("failures_total", "silent") != 1 {
			t.Errorf("heard %d, covers %b, silences %v", n, p.Covers(), w.count("failures_total", "silent"))
		}
		if got := w.jmap.Streams(); got != 1 {
			t.Errorf("%d streams, the dead one is kept", got)
		}
	})
}

func TestAnOutageOfHoursIsOneWarningAndFewAttempts(t *testing.T) {
	inWorld(t, lab.JMAPConfig{}, func(w *world) {
		p := w.listening(anna())
		end := w.lab.Inject(lab.Fault{Kind: lab.FaultReset})
		w.jmap.Cut()
		w.deliver("anna")
		time.Sleep(6 * time.Hour)
		tries := w.count("failures_total", "unreachable")
		if tries < 6*3600/(450+1) || tries > 100 || p.Covers() != 0 {
			t.Errorf("%v attempts in six hours, covers %b", tries, p.Covers())
		}
		end()
		time.Sleep(8 * time.Minute) // the longest pause, with what is drawn
		if p.heard() != 1 || p.Covers() == 0 {
			t.Error("not back after the outage, or what happened in it is not told")
		}
		if n := w.logs.FilterLevelExact(zapcore.WarnLevel).Len(); n != 1 {
			t.Errorf("%d warnings: %v", n, w.logs.FilterLevelExact(zapcore.WarnLevel).All())
		}
		if n := w.logs.FilterMessage("wake source up again").Len(); n != 1 {
			t.Errorf("%d times said to be up again", n)
		}
	})
}

func TestNoLogHoldsAUserOrHisPassword(t *testing.T) {
	inWorld(t, lab.JMAPConfig{}, func(w *world) {
		w.listening(anna())
		for _, f := range []lab.Fault{
			{Kind: lab.FaultReset}, {Kind: lab.FaultCutBefore}, {Kind: lab.FaultHTTP, Code: 500, Body: "anna has no secret"},
			{Kind: lab.FaultHTTP, Code: 401}, {Kind: lab.FaultHTTP, Code: 302, Header: http.Header{"Location": {"https://anna:secret@evil.test/anna"}}},
			{Kind: lab.FaultHTTP, Code: 200, Body: `{"apiUrl":"http://anna:sec%ret/","accounts":{"anna":"secret"}}`},
		} {
			end := w.lab.Inject(f)
			w.jmap.Cut()
			time.Sleep(20 * time.Minute)
			end()
			time.Sleep(40 * time.Minute)
		}
		w.lab.Inject(lab.Fault{Match: lab.OnPath("/jmap/session"), Kind: lab.FaultHTTP, Code: 200, Body: `{"apiUrl":"/jmap/api",
			"eventSourceUrl":"/jmap/events/anna","primaryAccounts":{"urn:ietf:params:jmap:mail":"anna"}}`})
		w.lab.Inject(lab.Fault{Match: lab.OnPath("/jmap/events/anna"), Kind: lab.FaultReset})
		w.jmap.Cut()
		time.Sleep(20 * time.Minute)
		if w.logs.Len() < 7 {
			t.Errorf("only %d lines", w.logs.Len())
		}
		for _, line := range w.logs.All() {
			said := line.Message
			for _, f := range line.Context {
				said += " " + f.String
				if err, is := f.Interface.(error); is {
					said += " " + err.Error()
				}
			}
			if strings.Contains(said, "anna") || strings.Contains(said, "secret") {
				t.Errorf("the log says %q", said)
			}
		}
	})
}

func TestCredentialsThatAreRefusedAreTriedAgainSeldom(t *testing.T) {
	inWorld(t, lab.JMAPConfig{}, func(w *world) {
		wrong := anna()
		wrong.Password = "old"
		p := w.watch(wrong)
		w.listening(wake.Mailbox{User: "bert", Password: "hidden", Inbox: true})
		time.Sleep(14 * time.Minute)
		if n := w.count("failures_total", "refused"); n != 1 || p.Covers() != 0 || p.heard() != 0 {
			t.Errorf("%v attempts, covers %b", n, p.Covers())
		}
		if n := w.logs.FilterLevelExact(zapcore.WarnLevel).Len(); n != 0 {
			t.Errorf("%d warnings about the source for one user's password", n)
		}
		time.Sleep(10 * time.Minute)
		if n := w.count("failures_total", "refused"); n != 2 { // perhaps it was the server's own trouble
			t.Errorf("%v attempts in 24 minutes", n)
		}
	})
}

func TestAPasswordThatIsChangedWhileSomebodyWaitsEndsTheCovering(t *testing.T) {
	inWorld(t, lab.JMAPConfig{}, func(w *world) {
		p := w.listening(anna())
		w.lab.Inject(lab.Fault{Kind: lab.FaultHTTP, Code: 401})
		w.jmap.Cut()
		settle()
		if p.Covers() != 0 || p.covered != 2 {
			t.Errorf("covers %b, told %d times that it has changed", p.Covers(), p.covered)
		}
	})
}

func TestAServerThatIsBusyIsLeftAloneForAsLongAsItSays(t *testing.T) {
	inWorld(t, lab.JMAPConfig{}, func(w *world) {
		w.lab.Inject(lab.Fault{Kind: lab.FaultHTTP, Code: 503, Header: http.Header{"Retry-After": {"240"}}, Times: 1})
		p := w.watch(anna())
		time.Sleep(239 * time.Second)
		if w.count("failures_total", "busy") != 1 || p.Covers() != 0 {
			t.Fatal("asked again before Retry-After")
		}
		time.Sleep(122 * time.Second) // half of it is drawn besides
		if p.Covers() == 0 {
			t.Error("not back when its time was over")
		}
	})
}

func TestAServerWithoutPushIsSaidToHaveNone(t *testing.T) {
	inWorld(t, lab.JMAPConfig{Off: true}, func(w *world) {
		p := w.watch(anna())
		time.Sleep(time.Hour)
		if n := w.count("failures_total", "unsupported"); n < 3 || n > 4 || p.Covers() != 0 {
			t.Errorf("asked %v times in an hour", n)
		}
		said := w.logs.FilterLevelExact(zapcore.WarnLevel).All()
		if len(said) == 0 || !strings.Contains(fmt.Sprint(said[0].ContextMap()["why"]), "docs/wake-jmap.md") {
			t.Errorf("said %v", said)
		}
	})
}

func TestASignInPageIsNoStream(t *testing.T) {
	inWorld(t, lab.JMAPConfig{}, func(w *world) {
		w.lab.Inject(lab.SignIn(lab.OnPath("/jmap/events")))
		p := w.watch(anna())
		settle()
		if p.Covers() != 0 || w.count("failures_total", "malformed") != 1 {
			t.Errorf("covers %b: %v", p.Covers(), w.logs.All())
		}
	})
}

func TestAfterAnOutageNotAllComeBackInOneMoment(t *testing.T) {
	drawn := map[time.Duration]bool{}
	for range 50 {
		d := pause(soonest, 0, 3)
		if d < 8*time.Second || d > 12*time.Second {
			t.Errorf("the fourth pause is %v, want 8 to 12 s", d)
		}
		drawn[d] = true
	}
	if len(drawn) < 40 {
		t.Errorf("%d different pauses of 50", len(drawn))
	}
	for failed := range 100 {
		if d := pause(latest, 0, failed); d < latest || d > latest*3/2 {
			t.Errorf("pause %d is %v", failed, d)
		}
	}
}

func TestClosingEndsWhatIsStuck(t *testing.T) {
	for name, fault := range map[string]*lab.Fault{
		"a stream":                       nil,
		"a session that is not answered": {Kind: lab.FaultMute},
		"a stream that is not answered":  {Kind: lab.FaultMute, Match: lab.OnPath("/jmap/events")},
		"states that are not answered":   {Kind: lab.FaultMute, Match: lab.OnPath("/jmap/api")},
		"a pause":                        {Kind: lab.FaultReset},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, lab.JMAPConfig{}, func(w *world) {
				if fault != nil {
					w.lab.Inject(*fault)
				}
				p := w.watch(anna())
				settle()
				begun := time.Now()
				w.source.Close() // the bubble tells of goroutines that are left
				if time.Since(begun) > 0 {
					t.Errorf("closing took %v", time.Since(begun))
				}
				if w.watch(anna()).Covers() != 0 || p.Covers() != 0 {
					t.Error("a closed source covers something")
				}
			})
		})
	}
}

func TestThousandsWhoBeginAtOnceTakeTheirTurns(t *testing.T) {
	inWorld(t, lab.JMAPConfig{}, func(w *world) {
		w.lab.Inject(lab.Fault{Kind: lab.FaultMute, Match: lab.OnPath("/jmap/session")})
		for i := range mostLines + 5 {
			w.watch(wake.Mailbox{User: "anna", Password: fmt.Sprint("wrong", i), Inbox: true})
		}
		synctest.Wait()
		if n := len(w.source.starts); n != startsAtOnce {
			t.Errorf("%d on their way at once, want %d", n, startsAtOnce)
		}
		if n := w.count("users", ""); n != mostLines {
			t.Errorf("%v users are listened for, the limit is %d", n, mostLines)
		}
	})
}
