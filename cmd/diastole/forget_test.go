package main

import (
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/diastole/diastole/heartbeat"
	"github.com/diastole/diastole/proxy"
)

// turn is a lock that says when it is taken.
type turn struct {
	sync.Locker
	taken chan struct{}
}

func (t turn) Lock() { t.Locker.Lock(); close(t.taken) }

// A save that is under way must not bring back what is being deleted. It has looked at
// the device and is still at writing down its many folders when the user is forgotten.
func TestNothingIsSavedOfAUserWhoIsBeingForgotten(t *testing.T) {
	h := openHaves(t, filepath.Join(t.TempDir(), "state.db"), nil)
	l := &learned{devices: heartbeat.NewTracker(heartbeat.TrackerConfig{}), haves: h, store: h.store, log: h.log} // and no saver
	syncs(l.haves.memory, dev("bert", 0), "5", "k")
	save := func(by sync.Locker) {
		if err := l.haves.save(by); err != nil {
			t.Error(err)
		}
	}
	save(l.putting.RLocker())
	for range 15 {
		for i := range 400 {
			syncs(l.haves.memory, dev("anna", 0), strings.Repeat(fmt.Sprint(i), 50), strings.Repeat("k", 200))
		}
		saves := turn{l.putting.RLocker(), make(chan struct{})}
		var saved sync.WaitGroup
		saved.Go(func() { save(saves) })
		<-saves.taken
		if done, err := l.forget("ANNA"); err != nil || done.Remembered != 1 || done.User != "ANNA" {
			t.Errorf("%+v, %v", done, err)
		}
		saved.Wait()
		save(l.putting.RLocker())
		if got := strings.Join(rows(t, l.store), " "); got != "bert/d0" {
			t.Fatalf("left are %s", got)
		}
	}
}

func TestAUserIsForgottenWhereverKnownAndNobodyElseIs(t *testing.T) {
	l, _ := openCounted(t, filepath.Join(t.TempDir(), "state.db"))
	network := heartbeat.Network{Name: "a", HTTP: 1}
	for _, user := range []string{"anna@corp", "anna", "bert@corp"} {
		k := heartbeat.Key{Principal: user, Device: "d1", Type: "iPhone"}
		w := heartbeat.Wait{Network: network, Asked: 480 * time.Second, Held: 480 * time.Second, Outcome: heartbeat.Expired}
		l.devices.Asked(k, time.Now(), network, w.Asked)
		l.devices.Ended(k, time.Now(), w)
		l.record(proxy.Record{Key: k, When: time.Now(), Kind: "ping", Wait: w})
		syncs(l.haves.memory, dev(user, 1), "5", "k")
	}
	if err := l.haves.save(l.putting.RLocker()); err != nil {
		t.Fatal(err)
	}
	done, err := l.forget(`CORP\Anna`)
	if err != nil || done.Followed != 1 || done.Remembered != 1 || done.Stored != 3 {
		t.Errorf("%+v, %v", done, err)
	}
	if l.devices.Len() != 2 || l.haves.memory.Len() != 2 || strings.Join(rows(t, l.store), " ") != "anna/d1 bert@corp/d1" {
		t.Errorf("%d followed, %d remembered, rows %v: want two others", l.devices.Len(), l.haves.memory.Len(), rows(t, l.store))
	}
	if done, err = l.forget(`CORP\Anna`); err != nil || done.Followed+done.Remembered+done.Stored != 0 {
		t.Errorf("a second time: %+v, %v", done, err)
	}
}

func TestAProofThatComesLateBringsNobodyBack(t *testing.T) {
	l, _ := openCounted(t, filepath.Join(t.TempDir(), "state.db"))
	r := proxy.Record{Key: heartbeat.Key{Principal: "anna", Device: "d1"}, When: time.Now(), Kind: "ping",
		Wait: heartbeat.Wait{Network: heartbeat.Network{Name: "a", HTTP: 1}, Asked: 480 * time.Second, Held: 480 * time.Second, Outcome: heartbeat.Expired}}
	l.devices.Ended(r.Key, r.When, r.Wait)
	l.record(r)
	if done, err := l.forget("anna"); err != nil || done.Followed != 1 {
		t.Fatalf("%+v, %v", done, err)
	}
	r.Wait.Proof = heartbeat.Acked
	l.devices.Proved(r.Key, r.Wait.Held, r.Wait.Proof)
	l.record(r)
	if done, err := l.forget("anna"); err != nil || done.Stored != 0 {
		t.Errorf("%+v, %v", done, err)
	}
}

func TestANameThatNobodyHasIsPrintedHarmlessly(t *testing.T) {
	l, _ := openCounted(t, "")
	done, err := l.forget("\x1b[2Janna")
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	if err := (forgetCmd{User: done.User}).print(&text, done); err != nil || text.String() != "nothing is known of \"\\x1b[2Janna\": write the user as the phones sign in\n" {
		t.Errorf("%q, %v", text.String(), err)
	}
}
