//go:build linux

package firewall

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/diastole/diastole/internal/lab"
	"github.com/diastole/diastole/test/netns"
)

// Limits are learned in steps of 30 s and nobody is lowered below a minute (what
// Exchange takes at least), so that this is as short as learning can be: a firewall of
// 63 s, phones that ask for 66, and 60 as what is left for the next ones.
func TestThreeDevicesThatDiedLowerTheNextOnes(t *testing.T) {
	t.Parallel()
	w := netns.New(t, 63*time.Second)
	e := startEdge(t, w, "learn: enforce, margin: 1s")
	lost := make(chan lab.Wait, 16)
	for i := range 3 {
		e.live(lab.PhoneConfig{DeviceID: fmt.Sprintf("first%d", i), Ladder: lab.Fixed(66 * time.Second),
			OnWait: func(w lab.Wait) { lost <- w }})
	}
	for range 3 {
		if begun := <-e.begun; begun.Given != 66 {
			t.Fatalf("nothing is known, and %s is given %v s", begun.Device, begun.Given)
		}
		if got := <-lost; got.Event != lab.Silent {
			t.Fatalf("a wait of 66 s through a firewall of 63 s ended %v", got.Event)
		}
	}
	e.judged(every, 3)
	if n := e.deliveries("lost"); n != 3 {
		t.Fatalf("%d of 3 answers are lost", n)
	}
	next := make(chan lab.Wait, 16)
	for i := range 3 {
		e.live(lab.PhoneConfig{DeviceID: fmt.Sprintf("next%d", i), Ladder: lab.Fixed(66 * time.Second),
			OnWait: func(w lab.Wait) { next <- w }})
	}
	for lowered := 0; lowered < 3; {
		begun := <-e.begun
		if !strings.HasPrefix(strings.ToLower(begun.Device), "next") {
			continue // the first ones ask again
		}
		if lowered++; begun.Asked != 66 || begun.Given != 60 {
			t.Errorf("%s asked for %v s and is given %v, want 60", begun.Device, begun.Asked, begun.Given)
		}
	}
	for range 3 {
		if got := <-next; got.Event != lab.Expired {
			t.Errorf("a wait that was lowered to 60 s ended %v after %v", got.Event, got.Took)
		}
	}
	// Three deaths do not outweigh yet how rare limits of a minute are: the interval is
	// wide, but it begins where the answers still came.
	if n := e.network(); n.Low != 60 || n.High < 63 || n.Devices != 3 || n.Kept != 60 {
		t.Errorf("after the deaths of %d devices the limit is said to lie in %v..%v s, and %v s are given; it is 63", n.Devices, n.Low, n.High, n.Kept)
	}
}
