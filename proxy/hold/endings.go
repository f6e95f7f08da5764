package hold

import (
	"slices"
	"time"
)

// Leave takes out a wait whose phone has gone, or has its answer. lingers says that
// u is the wait at the server that nobody waits for now; call Expire for it, at once
// or after a while in which the phone may come back.
func (g *Register[D, W, U]) Leave(key D, w W) (u U, lingers bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	d := g.devices[key]
	if d == nil {
		return u, false
	}
	for _, up := range d.ups {
		at := slices.IndexFunc(up.waits, func(one seat[W]) bool { return one.wait == w })
		if at < 0 {
			continue
		}
		up.waits = slices.Delete(up.waits, at, at+1)
		return up.handle, len(up.waits) == 0
	}
	return u, false
}

// Expire takes out a wait at the server for which no phone has come back; ok says
// that it is to be cancelled. It is false where one has, or where it has ended.
func (g *Register[D, W, U]) Expire(key D, u U) (ok bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	d, up := g.find(key, u)
	if up == nil || len(up.waits) > 0 {
		return false
	}
	d.remove(up)
	g.tidy(key, d)
	return true
}

// End takes out a wait at the server that has ended, and returns who waits for its
// answer, the youngest last.
func (g *Register[D, W, U]) End(key D, u U) []W {
	g.mu.Lock()
	defer g.mu.Unlock()
	d, up := g.find(key, u)
	if up == nil {
		return nil
	}
	d.remove(up)
	g.tidy(key, d)
	waits := make([]W, len(up.waits))
	for i, one := range up.waits {
		waits[i] = one.wait
	}
	return waits
}

// Command is what the server has answered to a device.
type Command struct {
	Credentials Digest
	Since       time.Time // when it began
	Piece       bool      // of a wait that goes on: nothing has come between
	Syncs       bool      // what the device has may have changed: what it waited for is another question now
}

// Answered takes note that the server has answered a device, and so accepted its
// credentials: older waits with others are displaced.
// After a Sync the device asks anew.
func (g *Register[D, W, U]) Answered(now time.Time, key D, c Command) (v Verdict[W, U]) {
	g.mu.Lock()
	defer g.mu.Unlock()
	d := g.devices[key]
	if d == nil || now.Before(d.peace) {
		return v
	}
	for _, up := range slices.Clone(d.ups) {
		same := up.claim.Credentials == c.Credentials
		if same {
			up.claim.Accepted, up.passed = true, up.passed || !c.Piece
		}
		// One that the server may yet refuse is left to it.
		older := !up.began.After(c.Since) && up.accepted(now, Claim{})
		if same && (c.Syncs || up.replace) || !same && older {
			d.giveUp(up, &v)
		}
	}
	g.tidy(key, d)
	return v
}

// Taken gives up the waits of a device that waits elsewhere now, where its credentials
// were accepted. How often it comes back here is remembered for a while: two clients on
// two nodes that displace each other are as busy as two on one.
func (g *Register[D, W, U]) Taken(now time.Time, key D) (v Verdict[W, U]) {
	g.mu.Lock()
	defer g.mu.Unlock()
	d := g.devices[key]
	if d == nil || now.Before(d.peace) {
		return v
	}
	for _, up := range slices.Clone(d.ups) {
		if !up.alone {
			d.giveUp(up, &v)
		}
	}
	if len(d.ups) == 0 && len(d.returns) > 0 {
		d.settles = now.Add(contentionSpan)
		v.Settles = d.settles
		return v
	}
	g.tidy(key, d)
	return v
}

// Asked takes note that a wait has gone to the server.
func (g *Register[D, W, U]) Asked(now time.Time, key D, u U) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if _, up := g.find(key, u); up != nil && up.asked.IsZero() {
		up.asked = now
	}
}

// Settle gives up the waits that a younger one has replaced, and whose credentials
// the server must have looked at by now.
func (g *Register[D, W, U]) Settle(now time.Time, key D) (v Verdict[W, U]) {
	g.mu.Lock()
	defer g.mu.Unlock()
	d := g.devices[key]
	if d == nil {
		return v
	}
	d.settles = time.Time{}
	for _, up := range slices.Clone(d.ups) {
		switch {
		case !up.replace:
		case up.accepted(now, Claim{}):
			d.giveUp(up, &v)
		default:
			d.settles = now.Add(settled)
		}
	}
	v.Settles = d.settles
	g.tidy(key, d)
	return v
}

// Pending returns the youngest wait at the server of a device with these
// credentials.
func (g *Register[D, W, U]) Pending(key D, credentials Digest) (u U, ok bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	d := g.devices[key]
	if d == nil {
		return u, false
	}
	for _, up := range slices.Backward(d.ups) {
		if up.claim.Credentials == credentials {
			return up.handle, true
		}
	}
	return u, false
}

// Younger tells whether the device has a younger wait at the server than u. Servers
// end the older one then, in words that mean something else at any other time.
func (g *Register[D, W, U]) Younger(key D, u U) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	d, up := g.find(key, u)
	return up != nil && d.ups[len(d.ups)-1] != up
}

// Len returns how many devices wait, and how many waits there are at the server.
func (g *Register[D, W, U]) Len() (devices, ups int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, d := range g.devices {
		ups += len(d.ups)
		if len(d.ups) > 0 {
			devices++
		}
	}
	return devices, ups
}

func (g *Register[D, W, U]) find(key D, u U) (*device[W, U], *up[W, U]) {
	d := g.devices[key]
	if d == nil {
		return nil, nil
	}
	for _, up := range d.ups {
		if up.handle == u {
			return d, up
		}
	}
	return d, nil
}

// tidy forgets a device that does not wait any more. That two clients quarrelled is
// forgotten with it: where none waits there is nothing to displace.
func (g *Register[D, W, U]) tidy(key D, d *device[W, U]) {
	if len(d.ups) == 0 {
		delete(g.devices, key)
	}
}
