package wake

import "time"

// Hearsay is a Source without a connection of its own: silence may mean that nothing
// has changed, or that nobody speaks to it any more. All that can tell is a change
// that somebody found without having been told.
type Hearsay interface {
	Source
	// Missed says that the source covered all that the user waited on, and said
	// nothing of a change in it. Until it hears of the user again it claims nothing
	// for him.
	Missed(user string)
}

// Missed is to be called when a change was found that had not been heard of. It may be
// too early: the word may come any moment, or have come just before. If it was not
// there a few seconds later, a Hearsay is told. Leave may be called at once.
func (w *Watched) Missed() {
	now := time.Now()
	for _, v := range w.voices {
		source, can := v.source.(Hearsay)
		// Where the source covers only a part of what is waited on, the change was
		// perhaps in the other part.
		if !can || w.waits == 0 || v.covers()&w.waits != w.waits || v.spokeSince(now.Add(-patience)) {
			continue
		}
		w.hub.doubt(source, Mailbox{
			User:  w.user,
			Inbox: w.waits&Inbox != 0, Mail: w.waits&Mail != 0, Other: w.waits&Other != 0,
		})
	}
}

// doubt listens on its own for what is late, as the wait that found the change has
// been answered and is gone.
type doubt struct {
	watching Watching
	timer    *time.Timer
}

func (d *doubt) drop() {
	d.timer.Stop()
	d.watching.Leave()
}

// mostDoubts bounds what is listened for at once. With so many the source is known to
// be doubtful; further ones would tell nothing new.
const mostDoubts = 64

func (h *Hub) doubt(source Hearsay, m Mailbox) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed || len(h.doubts) >= mostDoubts {
		return
	}
	d := &doubt{}
	d.timer = time.AfterFunc(patience, func() {
		if h.end(d) {
			h.config.Metrics.missed.WithLabelValues(source.Name()).Inc()
			source.Missed(m.User)
		}
	})
	d.watching = source.Watch(m, func(changed bool) {
		if changed {
			go h.end(d) // not here: it takes locks, and who speaks may hold one
		}
	})
	h.doubts[d] = struct{}{}
}

// end ends a doubt; false where it had ended already.
func (h *Hub) end(d *doubt) bool {
	h.mu.Lock()
	_, there := h.doubts[d]
	delete(h.doubts, d)
	h.mu.Unlock()
	if there {
		d.drop()
	}
	return there
}
