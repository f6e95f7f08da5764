package heartbeat

import (
	"maps"
	"slices"
	"time"
)

// Shared is a network as several nodes know it together: one belief, and whose news
// are in it. Each node takes over what is there and adds of its own what is not in it
// yet (Networks.Merge), as one rebases commits: no news count twice, however often
// they are told, none is lost, and who holds the same Shared gives the same advice.
type Shared struct {
	Network NetworkSnapshot
	Seen    map[string]Mark // by node
}

// Mark says up to which of a node's news something goes.
type Mark struct {
	Upto uint64
	When int64 // seconds since 1970, of the last
}

// mostNodes bounds the marks of a network. A node is one life of a process: those not
// heard of for longest go.
const mostNodes = 256

// Merge takes in what all nodes know of a network; the zero Shared if nothing is. It
// gives what they are to know from now on; news says that this is more than from. Once
// that is kept, say so with Told; if somebody else was faster, merge what he has put
// there. Without a Node in the configuration nothing is shared.
func (n *Networks) Merge(now time.Time, net Network, from Shared) (to Shared, news bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.config.Node == "" {
		return from, false
	}
	e, known := n.networks.Peek(net)
	if !known {
		if len(from.Seen) == 0 {
			return from, false
		}
		e = newEstimator(since1970(now))
		n.networks.Add(net, e)
	}
	j, next := e.journaling(), e
	mine := j.marks(n.config.Node, now)
	theirs := from.Seen[n.config.Node].Upto
	if len(from.Seen) > 0 && (!covers(mine, from.Seen) || covers(from.Seen, mine)) {
		next, news = restored(from.Network), j.seq > theirs
		for _, x := range j.after(theirs) {
			next.again(x, n.config.HalfLife)
		}
		mine = maps.Clone(from.Seen)
		mine[n.config.Node] = Mark{max(j.seq, theirs), now.Unix()}
	} else {
		news = true // they have lost something, or never had it
	}
	to = Shared{next.snapshot(net), newest(mine)}
	e.become(restored(to.Network), to.Seen, n.config.Node)
	return to, news
}

// marks say what is in the estimator that the journal belongs to.
func (j *journal) marks(node string, now time.Time) map[string]Mark {
	marks := map[string]Mark{node: {j.seq, now.Unix()}}
	maps.Copy(marks, j.known)
	return marks
}

// covers tells whether all news in b are in a.
func covers(a, b map[string]Mark) bool {
	for node, mark := range b {
		if mark.Upto > a[node].Upto {
			return false
		}
	}
	return true
}

// newest keeps the marks of the nodes heard of last.
func newest(seen map[string]Mark) map[string]Mark {
	if len(seen) <= mostNodes {
		return seen
	}
	nodes := slices.SortedFunc(maps.Keys(seen), func(a, b string) int { return int(seen[a].When - seen[b].When) })
	for _, node := range nodes[:len(nodes)-mostNodes] {
		delete(seen, node)
	}
	return seen
}

// become takes over what is believed elsewhere. What this node itself tries and tells
// stays: a probe that is under way is its own.
func (e *estimator) become(other *estimator, seen map[string]Mark, node string) {
	own, probe := e.own, e.probe
	*e = *other
	e.own, e.probe, e.stale = own, probe, true
	own.known = maps.Clone(seen)
	delete(own.known, node)
}

func (e *estimator) journaling() *journal {
	if e.own == nil {
		e.own = &journal{}
	}
	return e.own
}

// Told notes that what Merge gave is kept where all nodes find it.
func (n *Networks) Told(shared Shared) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if e, known := n.networks.Peek(shared.Network.Network); known && e.own != nil {
		e.own.tell(shared.Seen[n.config.Node].Upto)
	}
}

// Untold gives the networks of which this node has seen something that the others were
// not told, the one heard of last first.
func (n *Networks) Untold() (networks []Network) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, net := range slices.Backward(n.networks.Keys()) {
		if e, _ := n.networks.Peek(net); e.own != nil && e.own.seq > e.own.told {
			networks = append(networks, net)
		}
	}
	return networks
}
