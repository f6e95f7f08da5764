package dovecot

import (
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/diastole/diastole/internal/wake"
)

// driver is what sends in Dovecot.
type driver uint8

const (
	lua driver = iota
	ox
)

func (d driver) String() string { return [...]string{"lua", "ox"}[d] }

// tells is what a driver tells of when it works. OX knows only deliveries.
func (d driver) tells() wake.Classes {
	return [...]wake.Classes{wake.Inbox | wake.Mail, wake.Inbox}[d]
}

// belief is what silence is taken for. There is no connection that would show that
// Dovecot is set up, so a driver is believed once it has been heard, and no longer
// when a change was found that it should have told of.
type belief struct {
	health *wake.Health

	mu       sync.Mutex
	believed [2]bool         // by driver
	spoke    time.Time       // the script, last
	doubted  map[string]bool // users: what was heard of others says nothing of them
}

// mostDoubted bounds the users that are remembered as doubted. Beyond it any other is
// forgotten: believed again too early, he is looked at every wake.safety.
const mostDoubted = 10_000

// quiet is for how long a further doubt is no news: where changes are made past
// Dovecot, each of them would be an outage of its own.
const quiet = time.Hour

func newBelief(log *zap.Logger, m *wake.Metrics) *belief {
	return &belief{health: wake.NewHealth(name, log, m, quiet), doubted: map[string]bool{}}
}

func (b *belief) covers(key string) (c wake.Classes) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.doubted[key] {
		return 0
	}
	for d, believed := range b.believed {
		if believed {
			c |= driver(d).tells()
		}
	}
	return c
}

// changed is for whom coverage has changed.
type changed uint8

const (
	nobody changed = iota
	one
	all
)

// heard: the driver has spoken of this user.
func (b *belief) heard(d driver, key string, now time.Time) changed {
	b.mu.Lock()
	defer b.mu.Unlock()
	if d == lua {
		b.spoke = now
	}
	was := b.doubted[key]
	delete(b.doubted, key)
	switch {
	case !b.believed[d]:
		b.believed[d] = true
		b.health.Up()
		return all
	case was:
		return one
	}
	return nobody
}

// alive is for how long the script is known to be there after a word of it.
const alive = 5 * time.Minute

// missed: nothing was told of a change of this user. It is true where that concerns
// everybody: the script has told of nobody for a while, so it may have been taken
// away. Otherwise the user's mail is perhaps changed past Dovecot, or a phone's filter
// of days moved on, which looks like a change. The OX driver is silent about most
// changes, by design, so there it is only that user too, who may be one without the
// driver's METADATA entry.
func (b *belief) missed(key string, now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.doubted[key] && len(b.doubted) >= mostDoubted {
		for other := range b.doubted {
			delete(b.doubted, other)
			break
		}
	}
	b.doubted[key] = true
	if !b.believed[lua] || now.Sub(b.spoke) < alive {
		return false
	}
	b.believed[lua] = false
	b.health.Down("a change of mail was found that the Lua hook had not told of, and it has told of nothing for a while: is the script still in " +
		"Dovecot's configuration? It is believed again when it speaks (docs/wake-dovecot.md)")
	return true
}
