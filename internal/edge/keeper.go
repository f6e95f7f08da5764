package edge

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"slices"
	"sync/atomic"
	"time"

	"go.uber.org/zap"
)

// keeper keeps the ticket keys of this node like those on the shelf.
type keeper struct {
	shelf Shelf
	log   *zap.Logger
	keys  []ticketKey // the loop's own
	alone bool        // the shelf cannot be reached, and that was said

	set atomic.Pointer[[][32]byte] // for crypto/tls; nil until the first look
}

const (
	ticketShelf = "tickets/keys.json"
	ticketLock  = "tickets"

	// ticketLook is how often the shelf is looked at; well below ticketAhead.
	ticketLook = 10 * time.Minute

	// shelfWithin bounds one look.
	shelfWithin = 10 * time.Second
)

// keep looks at the shelf until ctx ends.
func (k *keeper) keep(ctx context.Context) {
	tick := time.NewTicker(ticketLook)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			k.look(ctx, time.Now())
		case <-ctx.Done():
			return
		}
	}
}

// look takes what is on the shelf and adds what is due. Without the shelf the node
// goes on with keys of its own: other nodes cannot open its tickets then, and their
// phones shake hands in full, no more.
func (k *keeper) look(ctx context.Context, now time.Time) {
	ctx, cancel := context.WithTimeout(ctx, shelfWithin)
	defer cancel()
	keys, err := k.share(ctx, now)
	switch {
	case err == nil:
		k.alone = false
	case !k.alone && ctx.Err() != context.Canceled:
		k.alone = true
		k.log.Warn("the keys of session tickets cannot be kept or shared: after a restart, and on other nodes, phones shake hands in full", zap.Error(err))
	}
	if err != nil {
		keys = rotate(k.keys, now)
	}
	k.keys = keys
	if set := inForce(keys, now); k.set.Load() == nil || !slices.Equal(set, *k.set.Load()) {
		k.set.Store(&set)
	}
}

// share reads the shelf, and writes it where something is due.
func (k *keeper) share(ctx context.Context, now time.Time) ([]ticketKey, error) {
	if keys, err := k.read(ctx); err == nil && complete(keys, rotate(merge(keys, k.keys), now)) {
		return keys, nil
	}
	unlock, err := k.shelf.Lock(ctx, ticketLock)
	if err != nil {
		return nil, err
	}
	defer func() { _ = unlock() }() // it ends by itself
	there, err := k.read(ctx)       // another node may have been faster
	if err != nil {
		k.log.Warn("the keys of session tickets are not readable and are made anew", zap.Error(err))
	}
	keys := rotate(merge(there, k.keys), now)
	if err == nil && complete(there, keys) {
		return keys, nil
	}
	data, err := json.Marshal(keys)
	if err != nil {
		return nil, err
	}
	return keys, k.shelf.Set(ctx, ticketShelf, data)
}

func (k *keeper) read(ctx context.Context) ([]ticketKey, error) {
	data, err := k.shelf.Get(ctx, ticketShelf)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return parseTicketKeys(data)
}

// complete says that nothing has to be written: all that is wanted is there.
func complete(there, wanted []ticketKey) bool {
	return len(wanted) > 0 && len(merge(there, wanted)) == len(there) && len(there) == len(wanted)
}
