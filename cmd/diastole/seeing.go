package main

import (
	"context"
	"time"

	"github.com/diastole/diastole/heartbeat"
	"github.com/diastole/diastole/internal/admin"
	"github.com/diastole/diastole/internal/store"
	"github.com/diastole/diastole/policy"
	"github.com/diastole/diastole/proxy"
)

// shown is what the API shows.
func (d *daemon) shown(names func(string) string) *admin.Learned {
	return &admin.Learned{
		Now:       d.clock.Now,
		Pace:      d.clock.Pace,
		Devices:   d.learned.devices,
		Networks:  d.learned.networks,
		Tally:     d.tally,
		Standing:  d.standing(),
		Waits:     d.learned.waits,
		Decide:    func(a policy.Asker) policy.Decision { return d.rules.Load().Decide(a) },
		User:      names,
		Spellings: proxy.Spellings,
		Secret:    d.learned.store.Secret("device ids"),
		Forget:    d.forget,
	}
}

// whatHappened is the API's word for what the proxy has seen.
var whatHappened = [...]admin.What{proxy.WaitBegins: admin.Begins, proxy.WaitEnds: admin.Ends, proxy.Denied: admin.Denied}

// witness has an event of the proxy counted.
func (d *daemon) witness(e proxy.Event) {
	d.tally.Tell(admin.Event{
		What: whatHappened[e.What], When: e.When, Key: e.Key, Kind: e.Kind, Network: e.Network, Rule: e.Rule,
		Asked: e.Asked, Given: e.Given, Would: e.Would, Advice: e.Advice, Held: e.Held, Outcome: e.Outcome,
	})
}

// record keeps a wait that has ended, and counts an answer that did not arrive.
func (d *daemon) record(r proxy.Record) {
	d.learned.record(r)
	if r.Wait.Proof == heartbeat.Lost {
		d.tally.Lost(d.clock.Now())
	}
}

// standing says how the program stands. It is asked from other goroutines than the
// one that reloads, so that what a reload changes comes from where it is in force.
func (d *daemon) standing() func() admin.Standing {
	b, users := thisBuild(), d.config.Log.Users
	return func() admin.Standing {
		up := d.inForce.Load()
		s := admin.Standing{Version: b.version, Commit: b.commit, Profile: up.Profile, Hold: up.Hold, Users: users, Load: admin.Load(d.proxy.Load())}
		if err := d.gate.drains(); err != nil {
			s.Ready = err.Error()
		}
		if d.hub != nil {
			s.Sources = d.hub.Sources()
		}
		return s
	}
}

// sampleEvery is how often it is looked how busy the upstream is with us.
const sampleEvery = time.Second

// sampleLoad has it counted, until ctx ends, for how long workers of the upstream were
// busy with us.
func (d *daemon) sampleLoad(ctx context.Context) {
	tick := time.NewTicker(sampleEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			load := d.proxy.Load()
			d.tally.Sample(d.clock.At(now), load.Waits+load.Checks)
		}
	}
}

// waits gives what is kept of a device.
func (l *learned) waits(ctx context.Context, k heartbeat.Key, before time.Time, limit int) (past []admin.PastWait, err error) {
	found, err := l.store.Waits(ctx, store.WaitsOf{User: k.Principal, Device: k.Device, Type: k.Type, Before: before, Limit: limit})
	for _, w := range found {
		ended := heartbeat.Ended{When: w.Ended, Asked: w.Asked, Given: w.Given, Held: w.Held, Outcome: w.Outcome, Proof: w.Proof}
		past = append(past, admin.Past(ended, w.Network, w.Kind, w.Rule))
	}
	return past, err
}

// forget drops all that is known of a user, what was counted last too.
func (d *daemon) forget(user string) (admin.Forgotten, error) {
	done, err := d.learned.forget(user)
	for _, name := range proxy.Spellings(user) {
		d.tally.Forget(name)
	}
	return done, err
}
