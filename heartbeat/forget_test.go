package heartbeat

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestAForgottenUserLeavesNoDeviceAndNobodyElseLosesOne(t *testing.T) {
	tracker := NewTracker(TrackerConfig{})
	long := strings.Repeat("u", 2*longestName)
	net := Network{Name: "office", HTTP: 1}
	keys := map[Key]bool{ // whether it is anna's
		{Principal: "anna", Device: "d", Type: "iPhone"}:  true,
		{Principal: "anna", Device: "d", Type: "Android"}: true,
		{Principal: "anna", Device: "", Type: ""}:         true,
		{Principal: "ann", Device: "ad", Type: "iPhone"}:  false, // the same letters, cut elsewhere
		{Principal: "annad", Device: "", Type: "iPhone"}:  false,
		{Principal: "", Device: "annad", Type: "iPhone"}:  false,
		{Principal: "Anna", Device: "d", Type: "iPhone"}:  false, // whoever asks has folded the name
		{Principal: long, Device: "d", Type: "iPhone"}:    false,
	}
	for k := range keys {
		tracker.Asked(k, time.Unix(1, 0), net, 15*time.Minute)
	}
	if n := tracker.ForgetUser("anna"); n != 3 {
		t.Errorf("%d devices were forgotten, want 3", n)
	}
	for k, hers := range keys {
		if _, known := tracker.State(k); known == hers {
			t.Errorf("%+v: known %t", k, known)
		}
	}
	if n := tracker.ForgetUser("anna"); n != 0 {
		t.Errorf("a second time: %d", n)
	}
	if n := tracker.ForgetUser(long); n != 1 || tracker.Len() != 4 {
		t.Errorf("a name that is kept cut: %d forgotten, %d left", n, tracker.Len())
	}
	if n := tracker.ForgetUser(""); n != 1 {
		t.Errorf("the user without a name: %d", n)
	}
}

func TestForgettingGoesOnWhileDevicesComeAndGo(t *testing.T) {
	tracker := NewTracker(TrackerConfig{Devices: 500})
	ask := func(user string, i int) {
		tracker.Asked(Key{Principal: user, Device: fmt.Sprint(i)}, time.Unix(1, 0), Network{Name: "office"}, 15*time.Minute)
	}
	for i := range 500 {
		ask("anna", i)
	}
	came := make(chan struct{})
	go func() {
		defer close(came)
		for i := range 300 { // they push out the oldest of anna's, and some are forgotten before
			ask("bert", i)
		}
	}()
	n := tracker.ForgetUser("anna")
	<-came
	if n < 200 || n > 500 || tracker.ForgetUser("anna") != 0 {
		t.Errorf("%d were forgotten, want those that were left", n)
	}
	if got := tracker.ForgetUser("bert"); got != 300 {
		t.Errorf("%d of bert's, want 300", got)
	}
}
