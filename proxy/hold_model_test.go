package proxy

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
)

// 1,000 devices do at random, for a minute, what phones do: wait, ask again from here
// and from elsewhere, leave with and without a word, sync, and have their passwords
// guessed. SEED=n repeats what they do, not the order in which it arrives.
func TestModelOfAThousandDevices(t *testing.T) {
	for name, c := range map[string]struct {
		hold    Hold
		devices int
	}{
		"pass":                    {Hold{}, 1000},
		"lingering, with a queue": {Hold{Linger: 5 * time.Second, MaxWaits: 200, Pace: 150}, 300},
		"in slices":               {Hold{Slice: 10 * time.Second}, 300},
	} {
		t.Run(name, func(t *testing.T) {
			inABubble(t, func(w *world) {
				o := newOracle(seedOf(w))
				w.stage.up.SetScript(o.script)
				o.slice = c.hold.Slice
				m := newModel(w, c.hold)
				m.walk(o, c.devices)
				time.Sleep(10 * time.Second) // nothing lingers longer
				synctest.Wait()
				m.overlaps(o)
				m.verdict(o)
			}, func(config *Config) { config.Hold = c.hold })
		})
	}
}

// The same where connections are parked and time is real: as fast as they can, so that
// all that can cross does.
func TestModelOfParkedWaits(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	for name, hold := range map[string]Hold{
		"pass":                    {},
		"lingering, with a queue": {Linger: 10 * time.Millisecond, MaxWaits: 30},
	} {
		t.Run(name, func(t *testing.T) {
			w := parkedWorld(t, func(c *Config) { c.Hold = hold })
			o := newOracle(seedOf(w))
			o.rush = true
			w.stage.up.SetScript(o.script)
			m := newModel(w, hold)
			m.walk(o, 60)
			w.eventually("ended", func() bool { return w.count("diastole_waits_held") == 0 && o.waiting() == 0 })
			m.verdict(o)
		})
	}
}

// seedOf is SEED=n, or another one each time.
func seedOf(t testing.TB) uint64 {
	seed := rand.Uint64()
	if said, err := strconv.ParseUint(os.Getenv("SEED"), 10, 64); err == nil {
		seed = said
	}
	t.Logf("SEED=%d", seed)
	return seed
}

// model knows what each phone may be told, and by when.
type model struct {
	world  *world
	queues bool // who was never accepted may be told to come back
	slice  time.Duration
	until  time.Time

	mu        sync.Mutex
	faults    []string
	answers   map[string]int // what phones were told
	displaced map[string]int // how often a device asked while it waited already
}

func newModel(w *world, hold Hold) *model {
	return &model{world: w, queues: hold.MaxWaits > 0, slice: hold.Slice, until: time.Now().Add(time.Minute), answers: map[string]int{}, displaced: map[string]int{}}
}

// walk returns when that many devices have lived.
func (m *model) walk(o *oracle, many int) {
	var devices sync.WaitGroup
	for i := range many {
		d := &walker{model: m, dice: rand.New(rand.NewPCG(o.seed, uint64(i+1))), id: i}
		devices.Go(d.live)
	}
	devices.Wait()
}

func (m *model) fault(format string, of ...any) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.faults = append(m.faults, fmt.Sprintf(format, of...))
}

func (m *model) tell(what string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.answers[what]++
}

// judge tells whether this answer is one that this phone may get.
func (m *model) judge(q wants, got reply) {
	made, body := got.header.Get("X-For"), pingSays(1)
	if q.cmd == "Hang" {
		body = ""
	}
	switch {
	case got.cut:
		m.fault("%s was cut off", q.whose())
	case q.password == "guessed" && made == "" && (got.code != 503 || !m.queues || !q.waits()):
		m.fault("%s, whom the server refuses, got our %d %q", q.whose(), got.code, got.body)
	case q.password == "guessed" && made != "" && got.code != 401:
		m.fault("%s, whom the server refuses, got %d", q.whose(), got.code)
	case made == "" && got.code == 503 && got.header.Get("Retry-After") != "" && q.waits():
		m.tell("to come back")
	case made == "" && (got.code != 200 || got.body != body):
		m.fault("%s got our %d %q", q.whose(), got.code, got.body)
	case made == "":
		m.tell("by us: nothing new")
	case made != q.whose():
		m.fault("%s got what was made for %s", q.whose(), made)
	case got.header.Get("X-Question") != m.piece(q, got.header.Get("X-Asked")).question():
		m.fault("%s asked %q and got the answer to %q", q.whose(), q.question(), got.header.Get("X-Question"))
	default:
		m.tell(fmt.Sprint("by the server: ", got.code))
	}
}

// piece is what a wait may have gone up as: as it is, or in slices.
func (m *model) piece(q wants, asked string) wants {
	if d := seconds(asked); m.slice > 0 && q.waits() && d <= seconds(q.interval) && d <= m.slice {
		q.interval = asked
	}
	return q
}

func (q wants) waits() bool { return q.cmd == "" || q.cmd == "Ping" || q.cmd == "Hang" }

// overlaps are devices that had two waits at the server: allowed for clients that
// displace each other.
func (m *model) overlaps(o *oracle) {
	for _, f := range o.seen() {
		if m.displaced[deviceIn(f.whose)] < 3 {
			m.fault("%s had two waits at the server for %v", f.whose, f.together)
		}
	}
}

// verdict is over all that was seen on both sides.
func (m *model) verdict(o *oracle) {
	w := m.world
	w.Helper()
	for _, fault := range m.faults[:min(len(m.faults), 20)] {
		w.Error(fault)
	}
	if len(m.faults) > 20 {
		w.Errorf("and %d more", len(m.faults)-20)
	}
	w.Logf("phones were told %v", m.answers)
	for _, told := range []string{"by us: nothing new", "by the server: 200", "by the server: 401"} {
		if m.answers[told] < 20 {
			w.Errorf("phones were told %v; %q should be more common", m.answers, told)
		}
	}
	if left := o.waiting(); left != 0 {
		w.Errorf("%d waits are left at the server", left)
	}
	if held := w.count("diastole_waits_held"); held != 0 {
		w.Errorf("%v waits are held", held)
	}
	begun, ended := w.log.FilterMessage("wait begins").Len(), int(w.count("diastole_waits_total"))
	if begun != ended {
		w.Errorf("%d waits have begun, %d have ended", begun, ended)
	}
}
