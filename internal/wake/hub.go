package wake

import (
	"sync"
	"time"

	"go.uber.org/zap"
)

// Config is what a Hub is made of.
type Config struct {
	Sources []Source // asked all; the Hub closes them
	Users   Users    // what the sources call those whom phones name
	Log     *zap.Logger
	Metrics *Metrics // the same that the sources have; nil: counted nowhere
}

// A Hub asks all sources at once. Its methods may be called from any goroutine.
type Hub struct {
	config Config

	mu     sync.Mutex
	closed bool
	doubts map[*doubt]struct{} // that are still waited for
}

// New takes the sources over: Close closes them.
func New(c Config) *Hub {
	if c.Metrics == nil {
		c.Metrics = NewMetrics(nil)
	}
	if c.Log == nil {
		c.Log = zap.NewNop()
	}
	return &Hub{config: c, doubts: map[*doubt]struct{}{}}
}

// Watch asks all sources to tell of the mailbox until Leave. heard is called as
// Source.Watch says; the sources are given the name that the mail store knows.
func (h *Hub) Watch(m Mailbox, heard func(changed bool)) *Watched {
	m.User = h.config.Users.Name(m.User)
	w := &Watched{hub: h, user: m.User, waits: m.Waits(), heard: heard}
	w.voices = make([]*voice, len(h.config.Sources))
	for i, source := range h.config.Sources {
		w.voices[i] = &voice{source: source}
	}
	// A source may speak before its Watch has returned, and one that has begun to
	// cover something says so: all is in place before the first is asked.
	for _, v := range w.voices {
		watching := v.source.Watch(m, func(changed bool) { w.hear(v, changed) })
		v.watching.Store(&watching)
	}
	h.config.Metrics.watched.Inc()
	w.count()
	return w
}

// Close closes the sources. Waits that are still watched hear nothing more.
func (h *Hub) Close() {
	h.mu.Lock()
	h.closed = true
	doubts := h.doubts
	h.doubts = map[*doubt]struct{}{}
	h.mu.Unlock()
	for d := range doubts {
		d.drop()
	}
	for _, source := range h.config.Sources {
		source.Close()
	}
}

// patience is for how long a source may be late, or early, with the word of a change
// that somebody has found himself: Dovecot gives its own up after 300 ms.
const patience = 3 * time.Second
