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
	checks    = 9     // that may be at SOGo at once, of its ten workers
	woken     = 20    // of the phones
	calm      = 12 * time.Second
	safety    = 300.0 // seconds: the default of wake.safety
)

// 200 phones wait on SOGo with ten workers, behind diastole, and hear of their mail.
//
// How it is scaled: the phones ask for 15 minutes, and are let go when all has been
// seen. What goes on at full length is what costs workers. Each wait begins with a
// check, which takes 5.1 s of a worker where nothing has changed (SOGo does not know a
// shorter Ping): 200 phones that come at once have theirs within 200 x 5.1 s / 9 = 113 s.
// Busy workers are averaged over 12 s after that. The safety checks, one of each wait
// every 5 min, are not due within these: what they would cost is computed from what a
// check was seen to cost, and added.
//
// It is not parallel: it measures how fast OPTIONS is answered.
func TestTwoHundredPhonesWaitOnTenWorkers(t *testing.T) {
	b := pushBed(t)
	t.Run("straight to SOGo the eleventh request hangs", func(t *testing.T) { b.eleventhHangs(t) })
	hook := freePort(t)
	b.dovecot(t, b.luaHook(t, hook))
	e := startEdge(t, fmt.Sprintf("http://%s, profile: sogo, max_checks: %d", b.nginx, checks), hookSource(t, hook))
	th := newThrong(t, b, e.door(), b.people(t, crowded))
	defer th.leave()

	s := b.sample(t, e.door())
	begun := time.Now()
	for _, p := range th.phones {
		th.wait(p)
	}
	th.settle(e)
	wave := s.since(begun)
	quiet := time.Now()
	time.Sleep(calm)
	if held := e.metric("diastole_waits_held", ".*"); held != crowded {
		t.Errorf("%v waits are held, want %d", held, crowded)
	}
	after := s.since(quiet)
	waking := time.Now()
	took := th.wake(th.phones[:woken], time.Second)
	later := s.since(waking)
	options := s.end()

	check := average(wave) * quiet.Sub(begun).Seconds() / crowded
	mean := average(after) + check*crowded/safety
	t.Logf("%d phones, %d workers: all checked after %v, busy workers then up to %d; in the %v after that %.2f on average, up to %d;"+
		" a check takes %.2f s of a worker, so that one of each every %.0f s makes it %.2f",
		crowded, b.workers, quiet.Sub(begun).Round(time.Second), slices.Max(wave), calm, average(after), slices.Max(after), check, safety, mean)
	t.Logf("delivery to Status 2, %d phones: %v, up to %v; busy workers up to %d", woken, took[len(took)/2], took[len(took)-1], slices.Max(later))
	t.Logf("OPTIONS: %v", options)
	if mean > 5 {
		t.Errorf("%.2f workers are busy on average, want at most 5", mean)
	}
	for _, n := range slices.Concat(wave, after, later) {
		if n > checks+1 { // OPTIONS itself may be one
			t.Errorf("%d workers were busy at once, with at most %d checks", n, checks)
			break
		}
	}
	if options.unanswered > 0 || slices.Max(options.took) > promptly {
		t.Errorf("OPTIONS: %v; want all within %v", options, promptly)
	}
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
