package hold

import (
	"net/netip"
	"slices"
	"sync"
	"time"
)

// Register knows which waits belong together: a device has one wait at the server,
// however often it asks for it (design: coalesce). D is a device, W a phone's wait,
// U a wait at the server. It decides, and whoever asks acts: it answers no phone and
// calls no server. It is safe for concurrent use and keeps nothing of a device that
// does not wait.
type Register[D, W, U comparable] struct {
	mu      sync.Mutex
	devices map[D]*device[W, U]
}

// device is what a Register knows of one device while it waits.
type device[W, U comparable] struct {
	ups     []*up[W, U] // mostly one, the youngest last
	returns []time.Time
	peace   time.Time // until then its waits are left alone
	settles time.Time // when Settle is to be called; zero: not at all
}

// up is one wait at the server with the phones that wait for its answer, the
// youngest last. Without any it lingers: it is kept for the phone's next wait.
type up[W, U comparable] struct {
	handle  U
	claim   Claim
	began   time.Time
	asked   time.Time // when the server was; zero: not yet
	waits   []seat[W]
	passed  bool // another command of the device came between: nobody may join any more
	alone   bool // neither shared nor displaced
	replace bool // to be given up as soon as its credentials are known to be accepted
}

// seat is where one wait waits.
type seat[W comparable] struct {
	wait    W
	address netip.Addr
}

// maxSilent is how many older connections of one phone are kept open although it
// asks from elsewhere by now. Their end is their interval's.
const maxSilent = 4

// Verdict is what has to be done now. Each wait in it has left the Register, those
// in Silent excepted.
type Verdict[W, U comparable] struct {
	Up        U         // what the new wait belongs to
	Alone     bool      // it neither displaces nor is displaced: two clients quarrel
	Fresh     bool      // Up is the new one: the server has to be asked
	Displaced []W       // a younger wait of the device has come: they get "nothing new" now
	Silent    []W       // displaced too, but from elsewhere: perhaps nobody is there. They get Up's answer
	Settles   time.Time // when to call Settle; zero: not at all
	Cancelled []U       // nobody waits for them at the server any more
}

// Join takes in a wait of a device. u is the wait at the server that begins for it
// unless it inherits an older one.
func (g *Register[D, W, U]) Join(now time.Time, key D, c Claim, w W, u U) (v Verdict[W, U]) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.devices == nil {
		g.devices = map[D]*device[W, U]{}
	}
	d := g.devices[key]
	if d == nil {
		d = &device[W, U]{}
		g.devices[key] = d
	}
	d.note(now, c.Returned)
	if now.Before(d.peace) {
		d.ups = append(d.ups, &up[W, U]{handle: u, claim: c, began: now, waits: []seat[W]{{w, c.Address}}, alone: true})
		v.Up, v.Fresh, v.Alone = u, true, true
		return v
	}
	heir := d.heir(c)
	for _, older := range slices.Clone(d.ups) {
		if older == heir || older.alone || older.claim.Credentials != c.Credentials {
			continue
		}
		if older.replace = !older.accepted(now, c); !older.replace {
			d.giveUp(older, &v)
		} else if d.settles.IsZero() { // one timer is enough, however many come
			d.settles = now.Add(settled)
			v.Settles = d.settles
		}
	}
	if heir == nil {
		heir = &up[W, U]{handle: u, claim: c, began: now}
		d.ups = append(d.ups, heir)
		v.Fresh = true
	} else {
		heir.inherit(now, c, &v)
	}
	heir.waits = append(heir.waits, seat[W]{w, c.Address})
	v.Up = heir.handle
	return v
}

// heir finds the wait at the server that the new one may inherit: the same question
// with the same credentials, and nothing of the device between.
func (d *device[W, U]) heir(c Claim) *up[W, U] {
	if c.Question == (Digest{}) {
		return nil
	}
	for _, older := range slices.Backward(d.ups) {
		if older.claim.Credentials == c.Credentials && older.claim.Question == c.Question && !older.passed && !older.alone {
			return older
		}
	}
	return nil
}

// inherit hands the wait at the server to a younger wait, and lets the older go.
// Before the server has accepted the credentials nobody is told anything but what
// it says itself.
func (u *up[W, U]) inherit(now time.Time, c Claim, v *Verdict[W, U]) {
	if !u.accepted(now, c) {
		return
	}
	u.claim.Accepted = true
	var silent []seat[W]
	for at, older := range u.waits {
		if older.address == c.Address || c.Once || len(u.waits)-at > maxSilent {
			v.Displaced = append(v.Displaced, older.wait)
			continue
		}
		v.Silent = append(v.Silent, older.wait)
		silent = append(silent, older)
	}
	u.waits = silent
}

func (u *up[W, U]) accepted(now time.Time, c Claim) bool {
	return c.Accepted || u.claim.Accepted || !u.asked.IsZero() && now.Sub(u.asked) >= settled
}

// giveUp takes a wait at the server and all its phones out.
func (d *device[W, U]) giveUp(u *up[W, U], v *Verdict[W, U]) {
	for _, older := range u.waits {
		v.Displaced = append(v.Displaced, older.wait)
	}
	v.Cancelled = append(v.Cancelled, u.handle)
	d.remove(u)
}

func (d *device[W, U]) remove(u *up[W, U]) {
	d.ups = slices.DeleteFunc(d.ups, func(one *up[W, U]) bool { return one == u })
}

// note counts how often displaced clients come back: only one that lives does.
func (d *device[W, U]) note(now time.Time, returned bool) {
	if !returned {
		return
	}
	d.returns = slices.DeleteFunc(append(d.returns, now), func(at time.Time) bool { return now.Sub(at) > contentionSpan })
	if len(d.returns) >= contentions {
		d.returns, d.peace = nil, now.Add(contentionPeace)
	}
}
