package proxy

import (
	"net/http"
	"strings"
	"time"

	"github.com/diastole/diastole/proxy/hold"
	"github.com/diastole/diastole/proxy/watch"
	"github.com/diastole/diastole/wbxml/eas"
)

// Nodes is what other nodes in front of the same server have to do with our devices. The
// zero value: there are none.
type Nodes struct {
	// Arrives is asked when a device sends a request, before what is remembered of it is
	// used, which it may bring up to date in Memory; fresh says that it is the first on
	// its connection. doubtful says that the device may have been elsewhere since, and
	// nobody can be asked.
	Arrives func(d watch.Device, fresh bool) (doubtful bool)

	// Holds says that a wait of a device is held here, or that the server has answered
	// its Sync here: its waits elsewhere are to end, and what others remember of it is
	// old. accepted says that the server has taken credentials that it had not taken
	// before. It must not block.
	Holds func(d watch.Device, accepted bool)

	// Secret is the key of all digests, the same on all nodes: whose credentials were
	// accepted by one need not prove it anew to the next.
	Secret [32]byte
}

func (n *Nodes) are() bool { return n.Holds != nil && n.Arrives != nil }

// arrives has what is remembered of a device brought up to date before it is used.
func (p *Proxy) arrives(r *http.Request, query eas.Envelope) {
	if !p.config.Nodes.are() {
		return
	}
	d, tracked := device(r, query)
	if !tracked {
		return
	}
	fresh := !clientOf(r).came.Swap(true)
	doubtful := p.config.Nodes.Arrives(d, fresh)
	// What a stranger says of himself must not make a device ask in full.
	if doubtful && p.memory.Accepted(d, watch.Credentials(p.credentials(r))) {
		p.memory.Doubt(d)
		p.Taken(d) // what it waits for here is no better known
	}
}

// holdsHere tells the other nodes that a device is ours.
func (p *Proxy) holdsHere(d watch.Device, accepted bool) {
	if p.config.Nodes.are() {
		// The request line must not be kept for what is cut out of it.
		p.config.Nodes.Holds(watch.Device{Principal: strings.Clone(d.Principal), ID: strings.Clone(d.ID), Type: strings.Clone(d.Type)}, accepted)
	}
}

// Vouch says with which credentials the server has last answered a device, on another
// node. A wait here with just these is as good as accepted by it.
func (p *Proxy) Vouch(d watch.Device, accepted watch.Credentials) {
	up, waits := p.holds.Pending(holder{Device: d}, hold.Digest(accepted))
	if waits && accepted != (watch.Credentials{}) {
		p.acknowledge(d, hold.Command{Credentials: hold.Digest(accepted), Since: up.first.began, Piece: true})
	}
}

// Taken ends the waits of a device that another node holds now: each gets an ordinary
// "nothing new", and nothing of it stays at the server. The other node's server has
// accepted the device's credentials, or it would not have said so.
func (p *Proxy) Taken(d watch.Device) {
	key := holder{Device: d}
	p.act(key, p.holds.Taken(time.Now(), key))
}
