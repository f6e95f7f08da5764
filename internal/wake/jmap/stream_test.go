package jmap

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/diastole/diastole/internal/lab"
	"github.com/diastole/diastole/internal/wake"
)

func TestADeliveryIsHeardOfAtOnce(t *testing.T) {
	inWorld(t, lab.JMAPConfig{}, func(w *world) {
		p := w.listening(anna())
		if got := p.Covers(); got != wake.Inbox|wake.Mail|wake.Other {
			t.Errorf("covers %b, want all", got)
		}
		for range 3 {
			begun := time.Now()
			w.deliver("anna")
			synctest.Wait()
			if n := p.heard(); n != 1 || time.Since(begun) != 0 {
				t.Errorf("%d changes told after %v, want one without any wait", n, time.Since(begun))
			}
		}
	})
}

func TestAllThatHappensToMailIsHeardOf(t *testing.T) {
	inWorld(t, lab.JMAPConfig{}, func(w *world) {
		p := w.listening(anna())
		id := w.deliver("anna")
		settle()
		p.heard()
		for _, c := range []struct {
			what string
			do   func()
		}{
			{"a flag", func() { w.lab.MarkRead("anna", id, true) }},
			{"a removal", func() { w.lab.Remove("anna", id) }},
			{"a new folder", func() { w.lab.AddFolder("anna", "Projects", "Email") }},
			{"mail in another folder", func() { w.lab.Deliver("anna", "Projects", lab.Mail{}) }},
			{"a new calendar", func() { w.lab.AddFolder("anna", "Team", "Calendar") }},
		} {
			c.do()
			synctest.Wait()
			if p.heard() == 0 {
				t.Errorf("%s was not heard of", c.what)
			}
		}
	})
}

func TestWhoWaitsOnMailAloneIsNotWokenByACalendar(t *testing.T) {
	inWorld(t, lab.JMAPConfig{}, func(w *world) {
		mail := w.listening(wake.Mailbox{User: "anna", Password: "secret", Inbox: true})
		other := w.watch(wake.Mailbox{User: "anna", Password: "secret", Other: true})
		w.lab.AddFolder("anna", "Team", "Calendar")
		synctest.Wait()
		if m, o := mail.heard(), other.heard(); m != 0 || o != 1 {
			t.Errorf("mail heard %d, calendars heard %d", m, o)
		}
		w.deliver("anna")
		synctest.Wait()
		if m, o := mail.heard(), other.heard(); m != 1 || o != 0 {
			t.Errorf("after a delivery mail heard %d, calendars heard %d", m, o)
		}
	})
}

func TestAServerForMailAloneCoversNoCalendars(t *testing.T) {
	inWorld(t, lab.JMAPConfig{MailOnly: true}, func(w *world) {
		if got := w.listening(anna()).Covers(); got != wake.Inbox|wake.Mail {
			t.Errorf("covers %b", got)
		}
	})
}

func TestAllPhonesOfOneUserShareOneConnection(t *testing.T) {
	inWorld(t, lab.JMAPConfig{}, func(w *world) {
		first := w.listening(anna())
		second := w.watch(anna())
		if second.Covers() != first.Covers() {
			t.Error("the second is not covered though the connection stands")
		}
		wrong := anna()
		wrong.Password = "guessed"
		stranger := w.watch(wrong)
		w.listening(wake.Mailbox{User: "bert", Password: "hidden", Inbox: true})
		if n := w.jmap.Streams(); n != 2 {
			t.Errorf("%d streams for two users", n)
		}
		w.deliver("anna")
		synctest.Wait()
		if a, b, c := first.heard(), second.heard(), stranger.heard(); a != 1 || b != 1 || c != 0 {
			t.Errorf("heard %d, %d, and with a wrong password %d", a, b, c)
		}
		if stranger.Covers() != 0 {
			t.Error("a wrong password is covered by somebody else's connection")
		}
	})
}

func TestTheCredentialsAreGoneWithTheLastWatcher(t *testing.T) {
	inWorld(t, lab.JMAPConfig{}, func(w *world) {
		first, second := w.listening(anna()), w.watch(anna())
		l := first.Watching.(*watcher).line
		first.Leave()
		first.Leave() // twice is once
		settle()
		if w.jmap.Streams() != 1 || second.Covers() == 0 {
			t.Fatal("the second lost its connection when the first left")
		}
		second.Leave()
		settle()
		if n := w.jmap.Streams(); n != 0 {
			t.Errorf("%d streams after the last has left", n)
		}
		if len(w.source.lines) != 0 || l.who != (credentials{}) || second.Covers() != 0 {
			t.Errorf("something is kept: %d lines, user %q", len(w.source.lines), l.who.user)
		}
		w.listening(anna())
	})
}

func TestPingsKeepAQuietStreamForADay(t *testing.T) {
	inWorld(t, lab.JMAPConfig{}, func(w *world) {
		p := w.listening(anna())
		time.Sleep(24 * time.Hour)
		if n := p.heard(); n != 0 || p.Covers() == 0 || w.count("failures_total", "silent") != 0 {
			t.Errorf("heard %d, covers %b, silences %v", n, p.Covers(), w.count("failures_total", "silent"))
		}
		if pings := w.count("events_total", "ping"); pings != 24*3600/30 {
			t.Errorf("%v pings in a day, asked for every 30 s", pings)
		}
	})
}

func TestALongerPingIntervalOfTheServerIsTaken(t *testing.T) {
	inWorld(t, lab.JMAPConfig{MinPing: time.Minute}, func(w *world) {
		w.listening(anna())
		time.Sleep(2 * time.Minute)
		w.jmap.Hang()
		time.Sleep(140 * time.Second) // 2.5 minutes after the ping
		if w.count("failures_total", "silent") != 0 {
			t.Error("given up before two intervals and a half")
		}
		time.Sleep(20 * time.Second)
		if w.count("failures_total", "silent") != 1 {
			t.Error("not given up after two intervals and a half")
		}
	})
}

func TestAServerThatSaysSomethingElseThanPingsIsAliveToo(t *testing.T) {
	inWorld(t, lab.JMAPConfig{MinPing: time.Hour}, func(w *world) {
		w.listening(anna())
		for range 30 {
			time.Sleep(time.Minute)
			w.jmap.Say(": still here\n")
		}
		if n := w.count("failures_total", "silent"); n != 0 {
			t.Errorf("given up %v times", n)
		}
	})
}

func TestAHubHearsOfItAndMayAskWhatIsCovered(t *testing.T) {
	inWorld(t, lab.JMAPConfig{}, func(w *world) {
		hub := wake.New(wake.Config{Sources: []wake.Source{w.source}, Users: wake.Users{Form: wake.Local}})
		defer hub.Close()
		var changes atomic.Int32
		var watched atomic.Pointer[wake.Watched]
		watched.Store(hub.Watch(wake.Mailbox{User: `LAB\anna@lab.test`, Password: "secret", Inbox: true}, func(changed bool) {
			if w := watched.Load(); changed && w.Covered() { // from the source's own goroutine: it holds nothing meanwhile
				changes.Add(1)
			}
		}))
		defer watched.Load().Leave()
		settle()
		w.deliver("anna")
		settle()
		if n := changes.Load(); n != 2 { // what may have been missed, and the delivery
			t.Errorf("%d changes", n)
		}
	})
}
