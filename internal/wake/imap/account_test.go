package imap

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/diastole/diastole/internal/wake"
)

func TestAllWhoWaitOnAMailboxShareOneConnection(t *testing.T) {
	in(t, Config{}, func(w *world) {
		first := w.watch(inbox)
		s := w.accept()
		s.idle(5, 7)
		first.heard(1)
		second := w.watch(inbox)
		second.covered(wake.Inbox, false)
		s.say("* 4 EXISTS")
		first.heard(1)
		second.heard(1)
		first.Leave()
		first.Leave() // twice is once
		s.say("* 5 EXISTS")
		first.heard(0)
		second.heard(1)
		w.watch(wake.Mailbox{User: "user", Password: "other", Inbox: true})
		w.accept() // other credentials, another connection
		w.noDial(time.Minute)
	})
}

func TestThePhonesNextRequestFindsTheConnectionStanding(t *testing.T) {
	in(t, Config{}, func(w *world) {
		first := w.watch(inbox)
		s := w.accept()
		s.idle(5, 7)
		first.Leave()
		time.Sleep(20 * time.Second)
		second := w.watch(inbox)
		second.covered(wake.Inbox, false)
		time.Sleep(time.Minute)
		s.say("* 4 EXISTS")
		second.heard(1)
		second.Leave()
		synctest.Wait()
		w.metric("connections", "idle", 1)
		time.Sleep(31 * time.Second)
		s.closed()
		w.metric("connections", "idle", 0)
		if len(w.source.accounts) != 0 || w.source.placed != 0 || w.source.idlers != 0 {
			t.Errorf("%d accounts, %d places, %d idlers are left", len(w.source.accounts), w.source.placed, w.source.idlers)
		}
	})
}

func TestAConnectionThatNobodyWaitsOnIsNotMadeAnew(t *testing.T) {
	in(t, Config{}, func(w *world) {
		e := w.watch(inbox)
		s := w.accept()
		s.idle(5, 7)
		e.Leave()
		s.conn.Close()
		w.noDial(time.Hour)
		w.watch(inbox)
		w.accept().idle(5, 7)
	})
}

func TestWhoLeavesBeforeTheLoginEndsIt(t *testing.T) {
	in(t, Config{Logins: 1}, func(w *world) {
		w.watch(inbox)
		busy := w.accept() // has the only turn
		e := w.watch(wake.Mailbox{User: "second", Password: "p", Inbox: true})
		e.Leave()
		w.noDial(time.Second)
		busy.idle(5, 7)
		w.noDial(5 * time.Minute)
	})
}

// A connection needs no password any more, so it lies nowhere once nobody waits.
func TestThePasswordIsGoneWhenNobodyWaits(t *testing.T) {
	const password = "a-password-that-is-unique"
	in(t, Config{}, func(w *world) {
		watch := func() *ear { return w.watch(wake.Mailbox{User: "user", Password: password, Inbox: true}) }
		first, second := watch(), watch()
		synctest.Wait()
		if !holds(reflect.ValueOf(w.source), password, map[any]bool{}) {
			t.Fatal("the test does not find the password where it must be")
		}
		first.Leave()
		second.Leave()
		synctest.Wait()
		if len(w.source.accounts) != 1 {
			t.Fatal("no account is left to look into")
		}
		if holds(reflect.ValueOf(w.source), password, map[any]bool{}) {
			t.Error("the password is still kept")
		}
		for _, line := range w.log.All() {
			if text := fmt.Sprint(line); strings.Contains(text, password) || strings.Contains(text, "user") {
				t.Errorf("logged: %s", text)
			}
		}
	})
}

// holds walks through everything that can be reached and looks for a text.
func holds(v reflect.Value, text string, seen map[any]bool) bool {
	switch v.Kind() {
	case reflect.String:
		return strings.Contains(v.String(), text)
	case reflect.Pointer:
		if v.IsNil() || seen[v.Pointer()] {
			return false
		}
		seen[v.Pointer()] = true
		return holds(v.Elem(), text, seen)
	case reflect.Interface:
		return holds(v.Elem(), text, seen)
	case reflect.Struct:
		for i := range v.NumField() {
			if holds(v.Field(i), text, seen) {
				return true
			}
		}
	case reflect.Map:
		for _, k := range v.MapKeys() {
			if holds(k, text, seen) || holds(v.MapIndex(k), text, seen) {
				return true
			}
		}
	case reflect.Slice, reflect.Array:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			var b strings.Builder
			for i := range v.Len() {
				b.WriteByte(byte(v.Index(i).Uint()))
			}
			return strings.Contains(b.String(), text)
		}
		for i := range v.Len() {
			if holds(v.Index(i), text, seen) {
				return true
			}
		}
	}
	return false
}

func TestCloseEndsEverythingWhereverItIs(t *testing.T) {
	in(t, Config{Logins: 2}, func(w *world) {
		standing := w.watch(inbox)
		w.accept().idle(5, 7)
		for i := range 5 { // two in the middle of a login, three wait for their turn
			w.watch(wake.Mailbox{User: fmt.Sprint(i), Password: "p", Inbox: true})
		}
		gone := w.watch(wake.Mailbox{User: "gone", Password: "p", Inbox: true})
		gone.Leave()
		w.source.Close()
		standing.covered(0, true)
		standing.Leave()
		w.watch(inbox).covered(0, false)
		w.source.Close()
		w.metric("connections", "connecting", 0)
	})
}
