package admin

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/diastole/diastole/heartbeat"
)

// Event is what becomes of a wait.
type Event struct {
	What    What
	When    time.Time
	Key     heartbeat.Key // as the device claims
	id      uint64        // Key.ID, of the whole names
	Kind    string        // ping, sync; "" of a request that was denied
	Network heartbeat.Network
	Rule    string // that decided

	Asked   time.Duration // 0: not known
	Given   time.Duration
	Would   time.Duration // if all that is only observed were enforced
	Advice  time.Duration // what was learned; 0: nothing to say
	Held    time.Duration // of one that ends
	Outcome heartbeat.Outcome
}

// What has happened.
type What uint8

// A wait begins once and ends once; a request that is denied does neither.
const (
	Begins What = iota
	Ends
	Denied
)

// decision is what was decided, in a word.
func (e *Event) decision() string {
	switch {
	case e.What == Denied:
		return "denied"
	case e.Given < e.Asked:
		return "lowered"
	case e.Would < e.Given:
		return "observed"
	}
	return "given"
}

const (
	// mostRules are counted apart: a configuration that is reloaded with new names each
	// time must not grow us for ever.
	mostRules = 1000
	// mostRecent decisions are kept.
	mostRecent = 512
)

// Tally counts what happens to waits, from the start of the process. Its methods may
// be called from any goroutine and take as long as it takes to add.
type Tally struct {
	began time.Time

	mu      sync.Mutex
	held    map[string]int // by kind
	history history
	worked  worked
	rules   map[string]*RuleUse
	recent  []Event // a ring once it is full
	next    int
	show    func(Event) // nil: nobody watches
}

// NewTally has seen nothing yet.
func NewTally(now time.Time) *Tally {
	return &Tally{began: now, held: map[string]int{"ping": 0, "sync": 0}, rules: map[string]*RuleUse{}, worked: worked{at: now}}
}

// Show has every event shown to somebody who does not take long.
func (t *Tally) Show(show func(Event)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.show = show
}

// Tell counts an event.
func (t *Tally) Tell(e Event) {
	// A claimed name may be as long as a request's head.
	e.id, e.Key = e.Key.ID(), heartbeat.Key{Principal: clip(e.Key.Principal), Device: clip(e.Key.Device), Type: clip(e.Key.Type)}
	t.mu.Lock()
	show := t.show
	t.count(e)
	t.mu.Unlock()
	if show != nil {
		show(e)
	}
}

func (t *Tally) count(e Event) {
	switch e.What {
	case Begins:
		t.worked.until(e.When, t.waiting())
		t.held[e.Kind]++
		t.history.at(e.When).asked(e)
	case Ends:
		t.worked.until(e.When, t.waiting())
		t.held[e.Kind]--
		t.history.at(e.When).outcomes[min(int(e.Outcome), outcomes-1)]++
		return
	}
	t.decided(e)
}

// Lost counts an answer that has turned out not to have arrived.
func (t *Tally) Lost(when time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.history.at(when).lost++
}

// waiting is how many waits are held.
func (t *Tally) waiting() (n int) {
	for _, held := range t.held {
		n += held
	}
	return n
}

func (t *Tally) decided(e Event) {
	use := t.rules[e.Rule]
	if use == nil {
		name := e.Rule
		if len(t.rules) >= mostRules {
			name = "(others)"
		}
		if use = t.rules[name]; use == nil {
			use = &RuleUse{Rule: name}
			t.rules[name] = use
		}
	}
	use.Last = moment(e.When)
	switch e.decision() {
	case "denied":
		use.Denied++
		use.Waits-- // it is none
	case "lowered":
		use.Lowered++
	case "observed":
		use.Would++
	}
	use.Waits++
	if len(t.recent) < mostRecent {
		t.recent = append(t.recent, e)
		return
	}
	t.recent[t.next] = e
	t.next = (t.next + 1) % mostRecent
}

// decisions are the rules, the one that decided most first, and the last decisions,
// newest first.
func (t *Tally) decisions() (rules []RuleUse, recent []Event) {
	t.mu.Lock()
	defer t.mu.Unlock()
	rules = []RuleUse{}
	for use := range maps.Values(t.rules) {
		rules = append(rules, *use)
	}
	slices.SortFunc(rules, func(a, b RuleUse) int {
		return cmp.Or(cmp.Compare(b.Waits+b.Denied, a.Waits+a.Denied), cmp.Compare(a.Rule, b.Rule))
	})
	recent = slices.Concat(t.recent[t.next:], t.recent[:t.next])
	slices.Reverse(recent)
	return rules, recent
}

// Forget drops what names a user.
func (t *Tally) Forget(principal string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.recent = slices.DeleteFunc(slices.Concat(t.recent[t.next:], t.recent[:t.next]), func(e Event) bool { return e.Key.Principal == clip(principal) })
	t.next = 0
}

// Sample takes in how many of the upstream's workers are busy with us.
func (t *Tally) Sample(now time.Time, busy int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.worked.until(now, t.waiting())
	t.worked.busy = busy
}

// longestShown is what is kept of a name, as heartbeat does.
const longestShown = 255

func clip(name string) string { return strings.Clone(name[:min(len(name), longestShown)]) }
