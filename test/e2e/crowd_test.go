package e2e

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"
)

const (
	crowded   = 200   // phones, each of its own user
	heartbeat = "900" // 15 min, as phones ask for
	checks    = 9     // that may be at SOGo at once, of its ten workers
	woken     = 20    // of the phones
	calm      = 10 * time.Second
	safety    = 300.0 // seconds: the default of wake.safety
)

// 200 phones wait on SOGo with ten workers, behind diastole, and hear of their mail.
//
// How it is scaled: the phones ask for 15 minutes, and are let go when all has been
// seen. What goes on at full length is what costs workers. Each wait begins with a
// check, which takes 5.1 s of a worker where nothing has changed (SOGo does not know a
// shorter Ping): 200 phones that come within some seconds have theirs within
// 200 x 5.1 s / 9 = 113 s; they are set up meanwhile, two at a time. Busy workers are
// averaged over 10 s after that. The safety checks, one of each wait every 5 min, are
// not due within these: what they would cost is computed from what a check was seen to
// cost, and added.
//
// It is not parallel: it measures how fast OPTIONS is answered.
func TestTwoHundredPhonesWaitOnTenWorkers(t *testing.T) {
	b := pushBed(t)
	t.Run("straight to SOGo the eleventh request hangs", func(t *testing.T) { b.eleventhHangs(t) })
	hook := freePort(t)
	b.dovecot(t, b.luaHook(t, hook))
	e := startEdge(t, fmt.Sprintf("http://%s, profile: sogo, max_checks: %d", b.nginx, checks), hookSource(t, hook))
	b.introduce(t)
	th := newThrong(t, b, e.door(), b.people(t, crowded))
	defer th.leave()

	s := b.sample(t, e)
	begun := time.Now()
	th.wait(2)
	th.settle(e, 0)
	quiet := time.Now()
	time.Sleep(calm)
	if held := e.metric("diastole_waits_held", ".*"); held != crowded {
		t.Errorf("%v waits are held, want %d", held, crowded)
	}
	waking := time.Now()
	took := th.wake(th.phones[:woken], time.Second)
	s.end()

	check := e.metric("diastole_check_seconds_sum", `verdict="unchanged"`) / crowded
	after := s.workers(quiet, waking)
	mean := average(after) + check*crowded/safety
	t.Logf("%d phones, %d workers. All checked after %v; in %v after that %.2f workers busy on average, up to %d; a check takes %.2f s of a worker,"+
		" so that with one of each phone every %.0f s it is %.2f", crowded, b.workers, quiet.Sub(begun).Round(time.Second),
		calm, average(after), slices.Max(after), check, safety, mean)
	t.Logf("delivery to Status 2, %d phones: median %v, slowest %v. OPTIONS throughout: %v", woken, took[len(took)/2], took[len(took)-1], s.options)
	if mean > 5 {
		t.Errorf("%.2f workers are busy on average, want at most 5", mean)
	}
	if n := slices.Max(s.workers(quiet, time.Now())); n > checks+1 { // OPTIONS itself may be one
		t.Errorf("%d workers were busy at once, with at most %d checks", n, checks)
	}
	if n := s.checks(); n > checks {
		t.Errorf("SOGo had %d checks at once, want at most %d", n, checks)
	}
	if s.options.unanswered > 0 || slices.Max(s.options.took) > promptly {
		t.Errorf("OPTIONS: %v; want all within %v", s.options, promptly)
	}
}

// eleventhHangs shows what ten waits do to ten workers: whoever comes then, and be it
// with OPTIONS, hears nothing until one of them is over.
func (b *bed) eleventhHangs(t *testing.T) {
	th := newThrong(t, b, door{url: "http://" + b.nginx}, b.people(t, b.workers))
	defer b.free(t)
	defer th.leave()
	th.wait(4)
	for begun := time.Now(); len(b.busy(t)) < b.workers; time.Sleep(100 * time.Millisecond) {
		if time.Since(begun) > 10*time.Second {
			t.Fatalf("%d of %d workers hold a wait", len(b.busy(t)), b.workers)
		}
	}
	const patience = 3 * time.Second // SOGo answers OPTIONS in 2 ms
	ctx, stop := context.WithTimeout(t.Context(), patience)
	defer stop()
	took, err := newPhone(t, door{url: "http://" + b.nginx}, "user1", "ELEVENTH").options(ctx)
	t.Logf("straight to SOGo, with %d of %d workers busy: OPTIONS after %v: %v", len(b.busy(t)), b.workers, took, err)
	if ctx.Err() == nil {
		t.Errorf("the eleventh request was answered after %v: this test shows nothing", took)
	}
}
