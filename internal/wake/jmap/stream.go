package jmap

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"sync"
	"time"

	"github.com/diastole/diastole/internal/wake"
)

// longestPing bounds what a server may say its ping interval is: a line that is dead
// must be found dead before the phones' safety checks would be all that is left.
const longestPing = 5 * time.Minute

var errSilent = &failure{why: "silent", what: "the stream is silent for more than two ping intervals: something between has forgotten it"}

// stream listens over one EventSource connection (RFC 8620 7.3) until it ends, and
// says why.
func (l *line) stream(ctx context.Context, c *client) error {
	begun, err := l.source.turn(ctx)
	if err != nil {
		return err
	}
	defer begun()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	// One watch over all silence, from the request on: some servers send the head of
	// their answer with the first event, which may be a ping.
	alive := newPulse(pingInterval, func() { cancel(errSilent) })
	defer alive.stop()
	s, r, missed, err := l.open(ctx, c)
	begun()
	if err == nil {
		defer r.Body.Close()
		e := newEvents(&listener{r.Body, alive})
		e.last = l.last
		l.up(s.covers, missed)
		err = l.listen(e, s, alive)
		l.last, l.retry = e.last, e.retry
	}
	if cause := context.Cause(ctx); errors.Is(cause, errSilent) { // the error of the read says "canceled"
		return cause
	}
	return err
}

// turn waits for a place among those who may start at one time, and gives the way to
// leave it, which may be called more than once.
func (s *Source) turn(ctx context.Context) (begun func(), err error) {
	select {
	case s.starts <- struct{}{}:
		return sync.OnceFunc(func() { <-s.starts }), nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// open connects, and says what was missed.
func (l *line) open(ctx context.Context, c *client) (s *session, r *http.Response, missed wake.Classes, err error) {
	if s, err = c.session(ctx); err != nil {
		return nil, nil, 0, err
	}
	if s.events == nil {
		return nil, nil, 0, &failure{why: "unsupported", pause: rest, what: "the session names no eventSourceUrl"}
	}
	header := http.Header{"Accept": {"text/event-stream"}, "Cache-Control": {"no-store"}}
	if l.last != "" {
		header.Set("Last-Event-ID", l.last)
	}
	if r, err = c.do(ctx, http.MethodGet, s.events, header, nil); err != nil {
		return nil, nil, 0, err
	}
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err = refusal("the event stream", r); err == nil && kind != "text/event-stream" {
		err = &failure{why: "malformed", pause: latest, what: "the event stream: the answer is of another type than text/event-stream"}
	}
	if err != nil {
		r.Body.Close()
		return nil, nil, 0, err
	}
	return s, r, l.missed(ctx, c, s), nil
}

// listen reads events until the stream ends.
func (l *line) listen(e *events, s *session, alive *pulse) error {
	for {
		ev, err := e.next()
		if err != nil {
			return err
		}
		switch ev.name {
		case "state":
			var said struct {
				Changed stateChange `json:"changed"`
			}
			if json.Unmarshal(ev.data, &said) != nil {
				return &failure{why: "malformed", what: "an event that is no StateChange", pause: latest}
			}
			l.changed(said.Changed, s)
		case "ping":
			var said struct{ Interval int }
			if json.Unmarshal(ev.data, &said) == nil && said.Interval > 0 {
				alive.every(time.Duration(min(said.Interval, int(longestPing/time.Second))) * time.Second)
			}
			l.source.counts.events.WithLabelValues("ping").Inc()
		default:
			l.source.counts.events.WithLabelValues("other").Inc()
		}
	}
}

// pulse calls dead when nothing has been heard for two ping intervals and a half.
type pulse struct {
	timer *time.Timer
	limit time.Duration
}

func newPulse(interval time.Duration, dead func()) *pulse {
	limit := interval * 5 / 2
	return &pulse{time.AfterFunc(limit, dead), limit}
}

func (p *pulse) every(interval time.Duration) { p.limit = interval * 5 / 2; p.heard() }
func (p *pulse) heard()                       { p.timer.Reset(p.limit) }
func (p *pulse) stop()                        { p.timer.Stop() }

// listener is a body whose bytes are signs of life.
type listener struct {
	body  io.Reader
	alive *pulse
}

// Read implements io.Reader.
func (b *listener) Read(p []byte) (int, error) {
	n, err := b.body.Read(p)
	if n > 0 {
		b.alive.heard()
	}
	return n, err
}
