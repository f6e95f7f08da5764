package proxy

import (
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/diastole/diastole/heartbeat"
	"github.com/diastole/diastole/internal/lab"
	"github.com/diastole/diastole/policy"
)

// witness keeps what it is shown.
type witness struct {
	mu   sync.Mutex
	seen []Event
}

func (w *witness) see(e Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.seen = append(w.seen, e)
}

func (w *witness) all() []Event {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.seen)
}

func TestAWitnessSeesEachWaitBeginOnceAndEndOnceAndWhatIsDenied(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rules, err := policy.Compile(policy.Spec{Margin: 30 * time.Second, Rules: []policy.RuleSpec{
			{Name: "stolen", Match: policy.Match{User: []string{"bert"}}, Deny: true},
			{Name: "short", Match: policy.Match{User: []string{"*"}}, Max: 8 * time.Minute},
		}})
		if err != nil {
			t.Fatal(err)
		}
		var w witness
		s := inMemory(t, after(450*time.Second, lab.Answer(nothingNew)), func(c *Config) { c.Policy, c.Witness = rules, w.see })
		began := time.Now()
		if r := s.ask(post{cmd: "Ping", user: "bert", body: pingOf("900", "1")}); r.code != 403 {
			t.Fatalf("%+v", r)
		}
		c := s.call()
		defer c.Close()
		c.send(post{cmd: "Ping", body: pingOf("900", "1")}.raw())
		synctest.Wait()
		if load := s.proxy.Load(); load != (Load{Waits: 1}) {
			t.Errorf("while it is held: %+v", load)
		}
		c.reply()
		s.settled()
		seen := w.all()
		if len(seen) != 3 || seen[0].What != Denied || seen[1].What != WaitBegins || seen[2].What != WaitEnds {
			t.Fatalf("%+v", seen)
		}
		denied, begins, ends := seen[0], seen[1], seen[2]
		if denied.Rule != "stolen" || denied.Key != (heartbeat.Key{Principal: "bert", Device: "dev1", Type: "phone"}) || !denied.When.Equal(began) {
			t.Errorf("%+v", denied)
		}
		if begins.Rule != "short" || begins.Kind != "ping" || begins.Asked != 900*time.Second || begins.Given != 450*time.Second ||
			begins.Would != 450*time.Second || begins.Key.Principal != "anna" || begins.Held != 0 {
			t.Errorf("%+v", begins)
		}
		if ends.Outcome != heartbeat.Expired || ends.Held != 450*time.Second || ends.Key != begins.Key || !ends.When.Equal(began.Add(450*time.Second)) {
			t.Errorf("%+v", ends)
		}
		if load := s.proxy.Load(); load != (Load{}) {
			t.Errorf("afterwards: %+v", load)
		}
	})
}
