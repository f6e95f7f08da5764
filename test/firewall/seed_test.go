//go:build linux

package firewall

import (
	"testing"
	"time"

	"github.com/diastole/diastole/internal/lab"
	"github.com/diastole/diastole/test/netns"
)

// The seed case at sixty times its speed through a firewall of the kernel, which
// forgets after 13 s: 15 (no answer), 8 (ok), 12 (mail; again, ok), 16 (no answer,
// right after a raise), 12 and stay. What reached the phone and what diastole says of
// it have to be the same. Below 30 s nothing is learned of a network, so that its
// estimate is not looked at here: see TestThreeDevicesThatDiedLowerTheNextOnes.
func TestTheSeedCaseIsWalkedThroughARealFirewall(t *testing.T) {
	t.Parallel()
	w := netns.New(t, 13*time.Second)
	e := startEdge(t, w, "learn: enforce")
	ended := make(chan lab.Wait, 16)
	e.live(lab.PhoneConfig{DeviceID: "seed", Ladder: lab.DirectPush(), Scale: 60, Grace: time.Second,
		OnWait: func(w lab.Wait) { ended <- w }})
	for i, want := range []struct {
		asks  time.Duration // in the phone's minutes
		event lab.Event
	}{
		{15, lab.Silent}, {8, lab.Expired}, {12, lab.Changed}, {12, lab.Expired}, {16, lab.Silent}, {12, lab.Expired},
	} {
		begun := <-e.begun
		if want.event == lab.Changed {
			if _, err := e.server.Deliver("anna", "", lab.Mail{From: "x@elsewhere.test", Subject: "news"}); err != nil {
				t.Fatal(err)
			}
		}
		got := <-ended
		if got.Asked != want.asks*time.Minute || got.Event != want.event || begun.Asked != float64(want.asks) || begun.Given != begun.Asked {
			t.Fatalf("wait %d: asked %v, ended %v; diastole: asked %v, given %v; want %d min, %v",
				i+1, got.Asked, got.Event, begun.Asked, begun.Given, want.asks, want.event)
		}
		if settled := got.State == "settled"; settled != (i >= 4) {
			t.Errorf("after wait %d the phone is %s", i+1, got.State)
		}
	}
	if again := <-e.begun; again.Asked != 12 {
		t.Errorf("settled at 12, it asks for %v", again.Asked)
	}
	if d := e.device(); d.State != "settled at 12 s" || d.LastGood != 12 {
		t.Errorf("diastole sees it %q, %v s work; want settled at 12 s", d.State, d.LastGood)
	}
	e.judged("lost", 2)
	if lost, arrived := e.deliveries("lost"), e.deliveries("confirmed"); lost != 2 || arrived < 3 {
		t.Errorf("%d lost and %d confirmed, want the two that died and the three that lived", lost, arrived)
	}
}
