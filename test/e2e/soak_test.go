package e2e

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
)

// What the soak allows: a change is told of within the safety interval and what checks
// take that are on their way or wait for their turn (SOGo's take 5 s).
const (
	soakPoll   = 10 * time.Second
	soakSafety = 30 * time.Second
	soakLimit  = soakSafety + 12*time.Second
)

// A soak compares what phones are told with what is true, while everything goes on at
// once: mail comes and goes, appointments are made, phones reconnect and lose answers,
// sources die and come back.
type soak struct {
	t      *testing.T
	bed    *bed
	edge   *edge
	mail   *courier
	owners []*owner
	over   chan struct{} // closed when nothing changes any more

	mu      sync.Mutex
	changes int
	told    int
	slowest time.Duration
	falsely []string // told of, and nothing had changed
	lost    []string // changed, and not told of in time
}

// Ten minutes of it: DIASTOLE_SOAK=10m. It draws from a seed that the log names; with
// servers in between a seed repeats what is done, not exactly when.
func TestPhonesAreToldWhatIsTrue(t *testing.T) {
	length, err := time.ParseDuration(cmp.Or(os.Getenv("DIASTOLE_SOAK"), "40s"))
	if err != nil {
		t.Fatalf("DIASTOLE_SOAK: %v", err)
	}
	b := pushBed(t)
	hook := freePort(t)
	wires := []*relay{newRelay(t, hook), newRelay(t, b.imap)}
	b.dovecot(t, b.luaHook(t, wires[0].address), hibernate)
	s := &soak{t: t, bed: b, mail: b.courier(t), over: make(chan struct{})}
	s.edge = startEdge(t, "http://"+b.nginx+", profile: sogo", hookSource(t, hook, fmt.Sprintf("poll: %v", soakPoll), fmt.Sprintf("safety: %v", soakSafety),
		fmt.Sprintf("imap: {address: %q, tls: none}", wires[1].address)))
	s.edge.log.expect("wake source|notification refused|IMAP")
	b.introduce(t)
	for n := range 8 {
		s.owners = append(s.owners, s.newOwner(n))
	}
	seed := rand.Uint64()
	t.Logf("seed %d, %v", seed, length)
	s.run(length, seed, wires)
	s.judge()
}

// run has everything go on for a while, and then waits until all is told.
func (s *soak) run(length time.Duration, seed uint64, wires []*relay) {
	var changing, waiting sync.WaitGroup
	end := make(chan struct{}) // the phones' end
	for n, o := range s.owners {
		changing.Go(func() { o.change(rand.New(rand.NewPCG(seed, uint64(n)))) })
		for i, d := range o.devices {
			waiting.Go(func() { d.live(end, rand.New(rand.NewPCG(seed, uint64(100+10*n+i)))) })
		}
	}
	changing.Go(func() { s.outages(wires, rand.New(rand.NewPCG(seed, 1000))) })
	time.Sleep(length)
	close(s.over)
	changing.Wait()
	for limit := time.Now().Add(soakLimit); s.pending() > 0 && time.Now().Before(limit); {
		time.Sleep(100 * time.Millisecond)
	}
	close(end)
	waiting.Wait()
}

// outages has sources die and come back.
func (s *soak) outages(wires []*relay, r *rand.Rand) {
	for s.rest(2*time.Second + time.Duration(r.IntN(8000))*time.Millisecond) {
		wire := wires[r.IntN(len(wires))]
		switch r.IntN(3) {
		case 0:
			wire.refuse()
		case 1:
			wire.hang()
		default:
			wire.cut()
		}
		s.rest(pauses(r))
		wire.pass(s.t)
	}
}

// rest pauses; false when nothing is to change any more.
func (s *soak) rest(d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-s.over:
		return false
	}
}

// pending counts what has changed and was not synced, and notes what is too late.
func (s *soak) pending() (n int) {
	for _, o := range s.owners {
		o.mu.Lock()
		for _, d := range o.devices {
			n += d.pending()
		}
		o.mu.Unlock()
	}
	return n
}

func (s *soak) judge() {
	s.mu.Lock()
	defer s.mu.Unlock()
	missed := s.edge.metric("diastole_wake_missed_total", ".*")
	s.t.Logf("%d changes; phones were told %d times, the slowest after %v; %d times falsely; %d were lost; found by a wake %v, poll %v, safety %v, at a wait's begin %v, handed over %v; missed by sources: %v",
		s.changes, s.told, s.slowest.Round(time.Millisecond), len(s.falsely), len(s.lost), s.edge.told("wake"), s.edge.told("poll"), s.edge.told("safety"), s.edge.told("begin"),
		s.edge.metric("diastole_waits_handed_over_total", ".*"), missed)
	if len(s.lost) > 0 {
		s.t.Errorf("not told of within %v:\n%s", soakLimit, strings.Join(s.lost, "\n"))
	}
	if s.told == 0 || len(s.falsely)*100 >= s.told {
		s.t.Errorf("%d of %d times a phone was told of what had not changed:\n%s", len(s.falsely), s.told, strings.Join(s.falsely, "\n"))
	}
}
