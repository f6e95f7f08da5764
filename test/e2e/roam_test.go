package e2e

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"
)

const (
	roamers  = 20
	roaming  = 5 * time.Second // in one network
	few      = 10              // workers of sogod
	waits    = 8               // of them may hold a Ping: two are left for whoever does not wait
	seconds  = 30              // that a Ping asks for: in two minutes each phone has its turn
	promptly = time.Second
)

// Twenty phones on the move and ten workers. Straight to SOGo each reconnect costs
// one more worker, until none is left for anybody (servers.md: whoever comes then
// stands in the listen queue). Behind diastole a wait goes on for the phone that
// comes back, so that no device has two, and max_waits keeps two workers free.
//
// It is not parallel: it measures how fast OPTIONS is answered.
func TestPhonesThatRoamCostSOGoOneWorkerEach(t *testing.T) {
	small, err := startBed(t.Context(), "-roam", size{users: roamers, workers: few})
	t.Cleanup(func() {
		if err := small.purge(context.Background()); err != nil {
			t.Errorf("purging: %v", err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	phones := roamingPhones(t, small)
	through := startEdge(t, fmt.Sprintf("http://%s, profile: sogo, linger: 30s, max_waits: %d", small.nginx, waits))
	with := small.observe(t, through.door(), phones, 2*time.Minute)
	without := small.observe(t, door{url: "http://" + small.nginx}, phones, 10*time.Second)
	t.Logf("%d phones that are elsewhere every %v, %d workers\n%-18s %s\n%-18s %s",
		roamers, roaming, few, "through diastole:", with, "straight to SOGo:", without)

	if n := slices.Max(with.busy); n > waits || n == 0 {
		t.Errorf("%d workers were busy at once with at most %d waits", n, waits)
	}
	if slowest := slices.Max(with.options); slowest > promptly || with.unanswered > 0 {
		t.Errorf("OPTIONS took up to %v and %d were not answered, want all within %v", slowest, with.unanswered, promptly)
	}
	if len(with.broken) > 0 || len(with.answers) != 1 || with.answers["Status 1"] == 0 {
		t.Errorf("the phones were answered %v; broken connections: %v", with.answers, with.broken)
	}
	// A Ping goes up where one of 30 s has ended, and not because a phone came back; and
	// everybody has a turn. (An answer that comes while its phone moves is lost to it, so
	// that not everybody has one.)
	if most := waits * (int(with.span.Seconds())/seconds + 1); len(with.reached) > most {
		t.Errorf("%d Pings reached SOGo, at most %d end in %v", len(with.reached), most, with.span)
	}
	if served := slices.Compact(slices.Sorted(slices.Values(with.reached))); len(served) != roamers {
		t.Errorf("Pings of %d phones reached SOGo, want all %d: %v", len(served), roamers, served)
	}
	if slices.Max(without.busy) <= slices.Max(with.busy) {
		t.Error("straight to SOGo no more workers are busy: this test shows nothing")
	}
}

// roamingPhones are set up so far that SOGo holds their Pings.
func roamingPhones(t *testing.T, b *bed) []*phone {
	t.Helper()
	phones := make([]*phone, roamers)
	for i := range phones {
		phones[i] = newPhone(t, door{url: "http://" + b.nginx}, b.user(t), fmt.Sprintf("ROAMER%d", i)).start()
	}
	return phones
}

// An outcome is what phones, and whoever else wanted something, had of the server.
type outcome struct {
	*journey
	span       time.Duration
	options    []time.Duration // each OPTIONS; one that was not answered, as long as it had waited
	unanswered int
	busy       []int    // workers, each second
	reached    []string // devices of the Pings that sogod was asked
}

func (o *outcome) String() string {
	slices.Sort(o.options)
	return fmt.Sprintf("OPTIONS p50 %v max %v, %d of %d unanswered; busy workers max %d; %d Pings asked, %d reached SOGo, %d phones answered: %v",
		o.options[len(o.options)/2].Round(time.Millisecond), slices.Max(o.options).Round(time.Millisecond), o.unanswered, len(o.options),
		slices.Max(o.busy), o.asked, len(o.reached), len(o.answered), o.answers)
}

// observe lets the phones roam for a while, and each second counts the busy workers
// and asks for OPTIONS. It counts before it asks: that of the second before is over.
func (b *bed) observe(t *testing.T, d door, phones []*phone, span time.Duration) *outcome {
	t.Helper()
	o := &outcome{span: span, journey: &journey{answers: map[string]int{}, answered: map[int]bool{}}}
	before := len(b.pings(t))
	ctx, cancel := context.WithTimeout(t.Context(), span)
	defer cancel()
	var running sync.WaitGroup
	for i, p := range phones {
		r := p.roamer(t, i, d, strconv.Itoa(seconds), o.journey)
		running.Go(func() {
			pause(ctx, roaming*time.Duration(i)/roamers) // not all at once
			r.roam(ctx, roaming)
		})
	}
	asker := newPhone(t, d, "user1", "ASKER")
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for ctx.Err() == nil {
		select {
		case <-tick.C:
			o.busy = append(o.busy, len(b.busy(t)))
			running.Go(func() { o.asks(ctx, asker) })
		case <-ctx.Done():
		}
	}
	running.Wait()
	b.free(t) // of what is held still, so that nginx writes its line
	time.Sleep(time.Second)
	o.reached = b.pings(t)[before:]
	return o
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

// asks for OPTIONS, until the time is over.
func (o *outcome) asks(ctx context.Context, p *phone) {
	took, err := p.options(ctx)
	o.mu.Lock()
	defer o.mu.Unlock()
	o.options = append(o.options, took)
	if err != nil && (ctx.Err() == nil || took > promptly) { // what began in the last second is nobody's fault
		o.unanswered++
	}
}

var pingOf = regexp.MustCompile(`Cmd=Ping&DeviceId=(\w+)`)

// pings are the devices of all Pings in nginx's log, also where the client had left.
func (b *bed) pings(t *testing.T) (devices []string) {
	t.Helper()
	log, err := os.ReadFile(filepath.Join(b.dir, "log/nginx.access.log"))
	if err != nil {
		t.Fatal(err)
	}
	for _, found := range pingOf.FindAllSubmatch(log, -1) {
		devices = append(devices, string(found[1]))
	}
	return devices
}
