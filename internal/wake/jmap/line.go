package jmap

import (
	"context"
	"time"

	"github.com/diastole/diastole/internal/wake"
)

// line is what listens for one user and password: one goroutine, shared by all who
// watch with them. Its fields are guarded by the source's mutex, unless said.
type line struct {
	source   *Source
	who      credentials // emptied when the last watcher leaves
	watchers map[*watcher]struct{}
	covers   wake.Classes
	known    known
	end      context.CancelFunc

	last  string        // id of the last event (RFC 8620 7.3); the line's goroutine alone has it
	retry time.Duration // what the server wants us to wait before we come back; so has it this
}

// watcher is one who watches.
type watcher struct {
	line  *line // nil: nobody listens for him
	waits wake.Classes
	heard func(changed bool)
}

var _ wake.Watching = (*watcher)(nil)

// Covers implements wake.Watching.
func (w *watcher) Covers() wake.Classes {
	if w.line == nil {
		return 0
	}
	w.line.source.mu.Lock()
	defer w.line.source.mu.Unlock()
	return w.line.covers
}

// Leave implements wake.Watching. The last one to leave ends the line.
func (w *watcher) Leave() {
	l := w.line
	if l == nil {
		return
	}
	l.source.mu.Lock()
	defer l.source.mu.Unlock()
	delete(l.watchers, w)
	if len(l.watchers) == 0 && l.source.lines[l.who] == l {
		delete(l.source.lines, l.who)
		l.covers, l.who = 0, credentials{}
		l.end()
	}
}

// begin starts a line. The caller holds the mutex.
func (s *Source) begin(who credentials) *line {
	ctx, end := context.WithCancel(s.ctx)
	l := &line{source: s, who: who, watchers: map[*watcher]struct{}{}, known: known{}, end: end}
	s.lines[who] = l
	s.running.Go(func() {
		defer end()
		l.run(ctx, who)
	})
	return l
}

// run listens, again and again, until the last watcher leaves.
func (l *line) run(ctx context.Context, who credentials) {
	c := l.source.newClient(who)
	defer c.close()
	listen := l.stream
	if l.source.door != nil {
		listen = l.subscribe
	}
	for failed := 0; ; failed++ {
		begun := time.Now()
		err := listen(ctx, c)
		stood := l.down()
		if ctx.Err() != nil {
			return
		}
		if time.Since(begun) > steady {
			failed = 0
		}
		timer := time.NewTimer(pause(max(l.retry, soonest), l.source.mourn(err, stood), failed))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return
		}
	}
}

// up says that the line covers classes from now on, and wakes those for whom missed
// holds something: it may have changed while nobody listened. A line that comes up for
// the first time has missed all, because its watchers looked before it was up.
func (l *line) up(classes, missed wake.Classes) {
	l.source.health.Up()
	l.source.mu.Lock()
	if len(l.watchers) == 0 { // it has just been left, and covers nothing more
		l.source.mu.Unlock()
		return
	}
	moved := l.covers != classes
	l.covers = classes
	l.source.mu.Unlock()
	if moved {
		l.tell(0)
	}
	if missed != 0 {
		l.source.counts.wakes.WithLabelValues("missed").Inc()
		l.tell(missed)
	}
}

// down says that the line covers nothing for now, and whether it did before.
func (l *line) down() (moved bool) {
	l.source.mu.Lock()
	moved = l.covers != 0
	l.covers = 0
	l.source.mu.Unlock()
	if moved {
		l.tell(0)
	}
	return moved
}

// changed takes what the server said about states and wakes whom it concerns.
func (l *line) changed(said stateChange, s *session) {
	l.source.mu.Lock()
	classes := l.known.take(said, s.slots)
	l.source.mu.Unlock()
	if classes == 0 { // RFC 8620 7.1: states that the client has already are no news
		l.source.counts.events.WithLabelValues("stale").Inc()
		return
	}
	l.source.counts.events.WithLabelValues("state").Inc()
	l.source.counts.wakes.WithLabelValues("change").Inc()
	l.tell(classes)
}

// tell calls those who wait on one of the classes; with none, everybody, with the
// word that Covers has changed. Who waits on nothing that is known hears everything.
func (l *line) tell(classes wake.Classes) {
	l.source.mu.Lock()
	var all []func(bool)
	for w := range l.watchers {
		if classes == 0 || w.waits == 0 || w.waits&classes != 0 {
			all = append(all, w.heard)
		}
	}
	l.source.mu.Unlock()
	for _, heard := range all { // outside the mutex: it may ask for Covers
		heard(classes != 0)
	}
}
