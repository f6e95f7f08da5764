package dav

import (
	"context"
	"time"

	"go.uber.org/zap"

	"github.com/diastole/diastole/internal/wake"
)

// look is one look at an account.
type look struct {
	account *account
	who     credentials
	began   time.Time
	ctx     context.Context
	cancel  context.CancelFunc
}

// patience is for one look: both of its answers.
const patience = 15 * time.Second

// attend looks at whom it is due to look at, one look each turn.
func (s *Source) attend() {
	for {
		var a *account
		select {
		case a = <-s.due:
		case <-s.ctx.Done():
			return
		}
		l := s.begin(a)
		if l == nil {
			continue
		}
		seen, err := s.ask(l.ctx, l.who)
		l.cancel()
		s.ended(l, seen, err)
		select {
		case <-time.After(turn - time.Since(l.began)):
		case <-s.ctx.Done():
			return
		}
	}
}

// begin takes the credentials for a look; nil where nobody waits any more.
func (s *Source) begin(a *account) *look {
	s.mu.Lock()
	defer s.mu.Unlock()
	a.queued = false
	if a.who == (credentials{}) {
		return nil
	}
	l := &look{account: a, who: a.who, began: time.Now()}
	l.ctx, l.cancel = context.WithTimeout(s.ctx, patience)
	a.on = l
	return l
}

// ended takes in what was seen, or why nothing was. What a look finds after all have left
// is nobody's: another one may be on by now.
func (s *Source) ended(l *look, seen sight, err error) {
	a := l.account
	s.mu.Lock()
	if a.on != l || s.ctx.Err() != nil {
		s.mu.Unlock()
		return
	}
	a.on = nil
	var covers, news wake.Classes
	result := ""
	if err == nil {
		result, news = a.take(seen, l.began)
		covers = wake.Other
	} else {
		result = a.fail(err)
	}
	moved := a.audience.Cover(covers)
	s.mu.Unlock()
	s.counts.looks.WithLabelValues(result).Inc()
	s.counts.seconds.Observe(time.Since(l.began).Seconds())
	s.report(err)
	// First what is covered, then what was missed: who asks because of the second
	// knows already how long it may wait afterwards.
	if moved {
		a.audience.Tell(0)
	}
	if news != 0 {
		a.audience.Tell(news)
	}
}

// take notes what was seen. The first sight of an account is news: whoever waits may
// have asked the server before it, and what happened in between nobody would tell.
func (a *account) take(seen sight, at time.Time) (result string, news wake.Classes) {
	switch {
	case !a.known:
		result, news = "first", wake.Other
	case a.seen != seen:
		result, news = "changed", wake.Other
	default:
		result = "unchanged"
	}
	a.known, a.seen, a.lookedAt, a.refusedAt = true, seen, at, time.Time{}
	a.dueIn(a.source.pause())
	a.lapsesIn(2 * a.source.config.Every)
	return result, news
}

// fail says when to look again, if at all. What was seen before stays: by it the next
// look tells whether anything was missed.
func (a *account) fail(err error) (result string) {
	stop(&a.lapse)
	f := failureOf(err)
	switch {
	case f.why == "refused":
		a.refusedAt = time.Now()
	case f.rests:
		a.dueIn(max(rest, a.source.pause()))
	default:
		a.dueIn(min(retry, a.source.pause()))
	}
	return f.why
}

const (
	retry = time.Minute      // after a failure, at the latest
	rest  = 15 * time.Minute // after one that a person must cure
)

// report logs a failure. One user's wrong password is everyday business, and no trouble
// of the source.
func (s *Source) report(err error) {
	if err == nil {
		s.health.Up()
		return
	}
	f := failureOf(err)
	if f.why == "refused" {
		s.config.Log.Debug("nobody listens for a user", zap.String("reason", f.why), zap.String("why", f.Error()))
		return
	}
	s.health.Down(f.Error(), zap.String("reason", f.why))
}
