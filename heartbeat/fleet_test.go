package heartbeat_test

import (
	"container/heap"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/diastole/diastole/heartbeat"
	"github.com/diastole/diastole/internal/lab"
)

// fleet is phones behind one firewall, in virtual time, with the real tracker and
// estimator on our side and the lab's ladders on theirs.
type fleet struct {
	random   *rand.Rand
	now      time.Time
	limit    time.Duration // the hidden truth: the firewall forgets a connection after it
	losses   float64       // share of answers lost for another cause
	every    time.Duration // mean time between mails of a phone; 0 = none
	mail     time.Duration // the next wait's mail comes after it; 0 = by chance
	once     bool          // a phone asks no second time by itself
	enforce  bool          // learn: enforce; otherwise off
	network  heartbeat.Network
	tracker  *heartbeat.Tracker
	networks *heartbeat.Networks
	agenda   agenda
	made     int // phones
	dead     int // waits that ended in silence
	killed   int // of these, by the firewall
	asked    int
}

type phone struct {
	key   heartbeat.Key
	climb *lab.Climb
}

var morning = time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)

func newFleet(seed uint64, limit time.Duration) *fleet {
	return &fleet{
		random: rand.New(rand.NewPCG(seed, 1)), now: morning, limit: limit, enforce: true,
		network:  heartbeat.Network{Name: "198.51.100.0/24", HTTP: 1},
		tracker:  heartbeat.NewTracker(heartbeat.TrackerConfig{Devices: 10_000}),
		networks: heartbeat.NewNetworks(heartbeat.NetworksConfig{}),
	}
}

// join adds phones that climb a ladder; they begin within the first quarter of an hour.
func (f *fleet) join(n int, l lab.Ladder) {
	for range n {
		p := f.phone(l)
		f.at(time.Duration(f.random.Int64N(int64(15*time.Minute))), func() { f.ask(p) })
	}
}

// phone makes a phone that has not begun yet.
func (f *fleet) phone(l lab.Ladder) *phone {
	f.made++
	return &phone{heartbeat.Key{Principal: fmt.Sprintf("user%d@example.com", f.made), Device: "D1", Type: "phone"}, lab.NewClimb(l)}
}

// ask is one wait of a phone, from its request to what it does next.
func (f *fleet) ask(p *phone) {
	f.asked++
	asked := p.climb.Interval()
	f.networks.Asked(f.now, f.network, asked)
	f.saw(f.tracker.Asked(p.key, f.now, f.network, asked))
	wait := heartbeat.Wait{Network: f.network, Asked: asked, Given: asked, Outcome: heartbeat.Expired}
	if f.enforce {
		wait.Given = f.allow(p, asked)
	}
	wait.Held = wait.Given
	if mail := f.nextMail(); mail > 0 && mail < wait.Held {
		wait.Held, wait.Outcome = mail, heartbeat.Changed
	}
	f.at(wait.Held, func() { f.answer(p, wait) })
}

// answer is written when the wait is over, and arrives or not.
func (f *fleet) answer(p *phone, w heartbeat.Wait) {
	f.saw(f.tracker.Ended(p.key, f.now, w))
	killed := w.Held > f.limit
	if killed || f.random.Float64() < f.losses {
		f.dead++
		if killed {
			f.killed++
		}
		f.at(30*time.Second, func() { f.saw(f.tracker.Proved(p.key, w.Held, heartbeat.Lost)) })
		f.at(w.Asked-w.Held+5*time.Second, func() { f.climb(p, lab.Silent) })
		return
	}
	f.saw(f.tracker.Proved(p.key, w.Held, heartbeat.Acked))
	outcome := lab.Expired
	if w.Outcome == heartbeat.Changed {
		outcome = lab.Changed
	}
	f.at(time.Second, func() { f.climb(p, outcome) })
}

// climb is what a phone makes of the end of its wait.
func (f *fleet) climb(p *phone, e lab.Event) {
	if p.climb.Next(e, 0); !f.once {
		f.ask(p)
	}
}

// allow is what a policy without a limit of its own makes of the advice.
func (f *fleet) allow(p *phone, asked time.Duration) time.Duration {
	if limit := f.networks.Allow(f.now, f.network, p.key.ID(), asked); limit > 0 {
		return min(asked, limit)
	}
	return asked
}

func (f *fleet) nextMail() time.Duration {
	if f.mail > 0 {
		return f.mail
	}
	return time.Duration(f.random.ExpFloat64() * float64(f.every))
}

func (f *fleet) saw(e heartbeat.Evidence, ok bool) {
	if ok {
		f.networks.Observe(f.now, f.network, e)
	}
}

func (f *fleet) advice() heartbeat.Advice { return f.networks.Advise(f.now, f.network) }

// run lets time pass.
func (f *fleet) run(d time.Duration) {
	end := f.now.Add(d)
	for len(f.agenda) > 0 && !f.agenda[0].when.After(end) {
		next := heap.Pop(&f.agenda).(event)
		f.now = next.when
		next.do()
	}
	f.now = end
}

// finish lets all that is under way come to its end.
func (f *fleet) finish() {
	for len(f.agenda) > 0 {
		f.run(f.agenda[0].when.Sub(f.now))
	}
}

func (f *fleet) at(in time.Duration, do func()) {
	heap.Push(&f.agenda, event{f.now.Add(in), do})
}

type event struct {
	when time.Time
	do   func()
}

// agenda is what will happen, the next first.
type agenda []event

func (a agenda) Len() int           { return len(a) }
func (a agenda) Less(i, j int) bool { return a[i].when.Before(a[j].when) }
func (a agenda) Swap(i, j int)      { a[i], a[j] = a[j], a[i] }
func (a *agenda) Push(x any)        { *a = append(*a, x.(event)) }
func (a *agenda) Pop() any {
	last := (*a)[len(*a)-1]
	*a = (*a)[:len(*a)-1]
	return last
}
