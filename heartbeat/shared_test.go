package heartbeat

import (
	"encoding/json"
	"fmt"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// fleet is some nodes and the place where they share a network. What is there is kept
// as text, as it is in Redis.
type fleet struct {
	nodes []*Networks
	now   time.Time
	kept  []string // every version that ever was, the last is the one that is there
	seen  int      // pieces of evidence
}

var fleetNetwork = Network{Name: "203.0.113.0/24", HTTP: 1}

func newFleet(nodes int) *fleet {
	f := &fleet{now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	for i := range nodes {
		f.nodes = append(f.nodes, NewNetworks(NetworksConfig{Node: fmt.Sprintf("node%d", i)}))
	}
	return f
}

func (f *fleet) there() (s Shared) {
	if len(f.kept) > 0 {
		_ = json.Unmarshal([]byte(f.kept[len(f.kept)-1]), &s)
	}
	return s
}

// merge is what a node does every few seconds: lost says that it never hears that its
// writing went well, late that somebody was faster.
func (f *fleet) merge(i int, lost, late bool) {
	to, news := f.nodes[i].Merge(f.now, fleetNetwork, f.there())
	if late && news {
		return
	}
	if news {
		text, err := json.Marshal(to)
		if err != nil {
			panic(err)
		}
		f.kept = append(f.kept, string(text))
	}
	if !lost && len(to.Seen) > 0 {
		f.nodes[i].Told(to)
	}
}

func (f *fleet) sees(i int, e Evidence) {
	f.nodes[i].Asked(f.now, fleetNetwork, e.At)
	f.nodes[i].Observe(f.now, fleetNetwork, e)
	f.seen++
}

// agrees lets all nodes merge twice, and wants them to be of one mind.
func (f *fleet) agrees(t interface{ Fatalf(string, ...any) }) {
	for range 2 {
		for i := range f.nodes {
			f.merge(i, false, false)
		}
	}
	first := f.nodes[0]
	for i, n := range f.nodes[1:] {
		if a, b := first.Advise(f.now, fleetNetwork), n.Advise(f.now, fleetNetwork); a != b {
			t.Fatalf("node 0 advises\n%+v, node %d\n%+v", a, i+1, b)
		}
		if a, b := first.Posterior(f.now, fleetNetwork), n.Posterior(f.now, fleetNetwork); !reflect.DeepEqual(a, b) {
			t.Fatalf("node 0 believes\n%v, node %d\n%v", a, i+1, b)
		}
	}
	if a := first.Advise(f.now, fleetNetwork); a.Survived+a.Died != f.seen {
		t.Fatalf("%d pieces of evidence count, %d were seen", a.Survived+a.Died, f.seen)
	}
	for i, n := range f.nodes {
		if untold := n.Untold(); len(untold) > 0 {
			t.Fatalf("node %d has something to tell after all", i)
		}
	}
}

// Whoever tells first, however often, cut off for however long, and whatever is lost
// of what was shared: in the end all nodes believe the same, and each piece of evidence
// counts once.
func TestNodesThatMergeBelieveTheSameAndCountNothingTwice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := newFleet(rapid.IntRange(2, 4).Draw(t, "nodes"))
		node := func() int { return rapid.IntRange(0, len(f.nodes)-1).Draw(t, "node") }
		untold := 0
		t.Repeat(map[string]func(*rapid.T){
			"evidence": func(t *rapid.T) {
				if untold++; untold > keptJournaled { // more may be lost with what they were told to
					t.Skip()
				}
				f.sees(node(), Evidence{
					Device: rapid.Uint64Range(1, 6).Draw(t, "device"),
					At:     time.Duration(rapid.IntRange(1, 60).Draw(t, "minutes")) * time.Minute,
					Died:   rapid.Bool().Draw(t, "died"),
				})
			},
			"time": func(t *rapid.T) {
				f.now = f.now.Add(time.Duration(rapid.IntRange(1, 600).Draw(t, "seconds")) * time.Second)
			},
			"merge":           func(*rapid.T) { f.merge(node(), false, false) },
			"merge, unheard":  func(*rapid.T) { f.merge(node(), true, false) },
			"merge, too late": func(*rapid.T) { f.merge(node(), false, true) },
			"goes back": func(t *rapid.T) {
				f.kept = f.kept[:rapid.IntRange(0, len(f.kept)).Draw(t, "to")]
			},
		})
		f.agrees(t)
	})
}

// No node alone would believe it: three devices have to die.
func TestDeathsOnThreeNodesShowALimitToAll(t *testing.T) {
	f := newFleet(3)
	for range 4 {
		for i := range f.nodes {
			f.now = f.now.Add(time.Minute)
			f.sees(i, Evidence{Device: uint64(i + 1), At: 15 * time.Minute, Died: true})
		}
	}
	for i, n := range f.nodes {
		if a := n.Advise(f.now, fleetNetwork); a.Interval != 0 {
			t.Errorf("node %d alone believes in a limit: %+v", i, a)
		}
	}
	f.agrees(t)
	a := f.nodes[0].Advise(f.now, fleetNetwork)
	if a.Devices != 3 || a.Interval <= 0 || a.Interval >= 15*time.Minute {
		t.Errorf("three devices died on three nodes: %+v", a)
	}
}

func TestANodeThatIsAloneSharesNothing(t *testing.T) {
	n := NewNetworks(NetworksConfig{})
	now := time.Unix(1e9, 0)
	n.Observe(now, fleetNetwork, Evidence{Device: 1, At: time.Hour})
	if _, news := n.Merge(now, fleetNetwork, Shared{}); news || len(n.Untold()) > 0 {
		t.Error("it has news for others")
	}
}

// What a phone that lies may not do on one node it may not do by changing nodes.
func TestWhoseNewsHaveToWaitIsSharedToo(t *testing.T) {
	f := newFleet(2)
	for i := range 12 {
		f.now = f.now.Add(time.Minute)
		f.sees(0, Evidence{Device: uint64(i%3 + 1), At: 15 * time.Minute, Died: true})
	}
	f.agrees(t)
	f.sees(0, Evidence{Device: 9, At: 40 * time.Minute})
	f.agrees(t)
	before := f.nodes[1].Advise(f.now, fleetNetwork).Interval
	f.sees(1, Evidence{Device: 9, At: 40 * time.Minute})
	if after := f.nodes[1].Advise(f.now, fleetNetwork).Interval; after != before {
		t.Errorf("a device that has just raised the advice raises it again from the other node: %v, then %v", before, after)
	}
}
