//go:build linux

package firewall

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/diastole/diastole/internal/lab"
	"github.com/diastole/diastole/test/netns"
)

// every judgement.
const every = ".*"

// judged waits until so many answers are judged so.
func (e *edge) judged(proof string, n int) {
	e.Helper()
	for end := time.Now().Add(2 * time.Minute); e.deliveries(proof) < n; {
		if time.Now().After(end) {
			e.Fatalf("%d answers are judged %q after two minutes, want %d", e.deliveries(proof), proof, n)
		}
		time.Sleep(200 * time.Millisecond)
	}
}

// fleet lets phones live that all ask for the same, and says how their waits end.
func (e *edge) fleet(n int, asks time.Duration) (answered, silent *atomic.Int64) {
	answered, silent = new(atomic.Int64), new(atomic.Int64)
	for i := range n {
		e.live(lab.PhoneConfig{DeviceID: fmt.Sprintf("phone%d", i), Ladder: lab.Fixed(asks), Grace: 3 * time.Second,
			OnWait: func(w lab.Wait) {
				switch w.Event {
				case lab.Expired:
					answered.Add(1)
				case lab.Silent:
					silent.Add(1)
				default:
					e.Errorf("phone %d: a wait ended %v, %v", i, w.Event, w.Err)
				}
			}})
	}
	return answered, silent
}

func TestAnswersAfterTheLimitAreNeverCalledDelivered(t *testing.T) {
	t.Parallel()
	e := startEdge(t, netns.New(t, limit), "learn: off")
	answered, _ := e.fleet(70, after)
	e.judged(every, 200)
	if lost, all := e.deliveries("lost"), e.deliveries(every); lost < all || answered.Load() > 0 {
		t.Errorf("%d answers after %v through a firewall of %v: %d lost, %d delivered, %d unknown; %d phones got theirs",
			all, after, limit, lost, e.deliveries("acked")+e.deliveries("confirmed"), e.deliveries("unknown"), answered.Load())
	}
}

func TestAnswersBeforeTheLimitAreNeverCalledLost(t *testing.T) {
	t.Parallel()
	e := startEdge(t, netns.New(t, limit), "learn: off")
	_, silent := e.fleet(50, before)
	e.judged(every, 200)
	if lost, unknown := e.deliveries("lost"), e.deliveries("unknown"); lost > 0 || unknown > 0 || silent.Load() > 0 {
		t.Errorf("of 200 answers after %v through a firewall of %v: %d lost, %d unknown; %d phones got none", before, limit, lost, unknown, silent.Load())
	}
}
