package edge

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"slices"
	"time"

	"github.com/caddyserver/certmagic"
	"go.uber.org/zap"
)

// loadWithin is how long a start waits for certificates that are on the shelf
// already. They come from a disk in no time; stapling may ask a responder that hangs.
const loadWithin = 5 * time.Second

// begin loads what is on the shelf and has the rest issued.
func (i *issuing) begin(ctx context.Context) {
	now, later := i.sorted(ctx)
	waited := slices.Collect(maps.Values(i.loaded)) // before it is told of them
	_ = i.magic.ManageAsync(ctx, now)               // it gives no error, what goes wrong is an event
	i.working.Go(func() { i.manageLater(ctx, later) })
	late := time.NewTimer(loadWithin)
	defer late.Stop()
	for _, done := range waited {
		select {
		case <-done:
		case <-late.C:
			return
		case <-ctx.Done():
			return
		}
	}
}

// sorted parts the names into those that the shelf knows something of or nothing, and
// those of which it does not say. It has one time limit for all of them.
func (i *issuing) sorted(ctx context.Context) (now, later []string) {
	ctx, cancel := context.WithTimeout(ctx, loadWithin)
	defer cancel()
	for _, name := range i.Domains {
		there, err := i.kept(ctx, name)
		switch {
		case err != nil:
			i.log.Error("the place for certificates cannot be reached, and is tried again: phones cannot connect to this name until it can",
				zap.String("name", name), zap.Error(err))
			later = append(later, name)
			continue
		case there:
			i.loaded[name] = make(chan struct{})
		}
		now = append(now, name)
	}
	return now, later
}

// kept says whether something was issued for a name before.
func (i *issuing) kept(ctx context.Context, name string) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, loadWithin)
	defer cancel()
	_, err := i.shelf.Get(ctx, certmagic.StorageKeys.SiteCert(i.issuer.IssuerKey(), name))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// reachAgain is how often a shelf that could not be reached is tried.
const reachAgain = 10 * time.Second

// manageLater does what certmagic does not: a name whose certificate it cannot read when
// it is told of it, it forgets.
func (i *issuing) manageLater(ctx context.Context, names []string) {
	every := reachAgain
	if i.CheckEvery > 0 {
		every = min(every, i.CheckEvery)
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	for len(names) > 0 {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		names = slices.DeleteFunc(names, func(name string) bool {
			_, err := i.kept(ctx, name)
			if err == nil {
				_ = i.magic.ManageAsync(ctx, []string{name})
			}
			return err == nil
		})
	}
}

// endWithin bounds the end: certmagic may be asking an authority that hangs, and lets
// nobody cut that short.
const endWithin = 2 * time.Second

// end stops everything. A certificate that is being issued right now is left to the
// authority; its order is found again by the next one.
func (i *issuing) end() {
	if i == nil {
		return
	}
	i.stop()
	i.working.Wait()
	stopped := make(chan struct{})
	go func() {
		i.cache.Stop()
		close(stopped)
	}()
	select {
	case <-stopped:
	case <-time.After(endWithin):
	}
	_ = i.seat.Close()
}
