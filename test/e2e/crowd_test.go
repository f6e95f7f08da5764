package e2e

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"
)

const (
	crowded   = 200   // phones, each of its own user
	heartbeat = "900" // 15 min, as phones ask for
	checks    = 8     // that may be at SOGo at once, of its ten workers: the default
	woken     = 20    // of the phones
	calm      = 12 * time.Second
)

// 200 phones wait on SOGo with ten workers, behind diastole, and hear of their mail.
//
// How it is scaled: the phones ask for 15 minutes, and are let go when all has been
// seen. What goes on at full length is what costs workers: each wait begins with a
// check, which takes 5.1 s of a worker where nothing has changed (SOGo does not know a
// shorter Ping), and checks are paced, so that 200 phones that come at once have theirs
// within 200 x 5.1 s / 8 = 128 s. The average of busy workers is that of 12 s after
// that. With the default safety interval of 5 min a check of each follows every 5 min:
// 200 x 5.1 s / 300 s = 3.4 workers on average, in which these 12 s would have no part;
// so the safety interval is short enough here for them to be seen.
//
// It is not parallel: it measures how fast OPTIONS is answered.
func TestTwoHundredPhonesWaitOnTenWorkers(t *testing.T) {
	b := pushBed(t)
	t.Run("straight to SOGo the eleventh request hangs", func(t *testing.T) { b.eleventhHangs(t) })
}

// A throng is many phones that wait at once.
type throng struct {
	t      *testing.T
	bed    *bed
	phones []*phone
	told   chan told
	waits  sync.WaitGroup
}

// told is what one of them was answered, and when.
type told struct {
	phone *phone
	answer
	at time.Time
}

// newThrong sets up phones of n users, some at once: each is what a phone does that is
// set up anew. They knock at d.
func newThrong(t *testing.T, b *bed, d door, n int) *throng {
	t.Helper()
	th := &throng{t: t, bed: b, phones: make([]*phone, n), told: make(chan told, n)}
	places := make(chan struct{}, 6)
	var starting sync.WaitGroup
	for i := range th.phones {
		th.phones[i] = newPhone(t, d, b.user(t), fmt.Sprintf("CROWD%d", i))
		starting.Go(func() {
			places <- struct{}{}
			defer func() { <-places }()
			th.phones[i].start()
		})
	}
	starting.Wait()
	if t.Failed() {
		t.FailNow()
	}
	return th
}

// wait sends one phone's Ping; what comes back is in told.
func (th *throng) wait(p *phone) {
	th.waits.Go(func() {
		a := p.ping(heartbeat)
		th.told <- told{p, a, time.Now()}
	})
}

// eleventhHangs shows what ten waits do to ten workers: whoever comes then, and be it
// with OPTIONS, hears nothing until one of them is over.
func (b *bed) eleventhHangs(t *testing.T) {
	var waits sync.WaitGroup
	ctx, leave := context.WithCancel(t.Context())
	defer func() {
		leave()
		b.free(t)
		waits.Wait()
	}()
	for i := range b.workers {
		p := newPhone(t, door{url: "http://" + b.nginx}, b.user(t), fmt.Sprintf("STRAIGHT%d", i)).start()
		waits.Go(func() { p.leaves(ctx, p.pingRequest(heartbeat)) })
	}
	for range 100 {
		if len(b.busy(t)) == b.workers {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	const patience = 5 * time.Second // SOGo answers OPTIONS in 2 ms
	hanging, stop := context.WithTimeout(t.Context(), patience)
	defer stop()
	eleventh := newPhone(t, door{url: "http://" + b.nginx}, "user1", "ELEVENTH")
	took, err := eleventh.options(hanging)
	t.Logf("straight to SOGo, with %d of %d workers busy: OPTIONS after %v: %v", len(b.busy(t)), b.workers, took, err)
	if hanging.Err() == nil {
		t.Errorf("the eleventh request was answered after %v: this test shows nothing", took)
	}
}

// most and average of counted workers.
func most(busy []int) int { return slices.Max(busy) }

func average(busy []int) float64 {
	sum := 0
	for _, n := range busy {
		sum += n
	}
	return float64(sum) / float64(len(busy))
}
