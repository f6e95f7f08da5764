package admin

import (
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"time"
)

// Limits of those who listen for what happens. Each costs a goroutine and some
// kilobytes; a dashboard needs one.
const (
	mostListeners = 32
	// mostShown waits a second are shown, so that a browser can keep up with 8,000 phones
	// that are woken at once; the others are counted.
	mostShown = 20
	// backlog is what a listener may be behind before it is dropped.
	backlog = 2 * mostShown
	// beat is how often the fleet is told, quiet how often there is a word at least: a box
	// on the way would forget us too.
	beat, quiet = time.Second, 15 * time.Second
	// toWrite is how long one who reads slowly may hold up a write.
	toWrite = 5 * time.Second
)

// WaitEvent is the data of an event "wait": one that begins, ends or is denied.
type WaitEvent struct {
	Decided
	Happens string  `json:"happens"` // begins, ends, denied
	Held    float64 `json:"held_seconds"`
	Outcome string  `json:"outcome"` // "" unless it ends
	Skipped int     `json:"skipped"` // others since the last that was shown: there were too many
}

// audience are those who listen.
type audience struct {
	api    *api
	closed chan struct{}
	once   sync.Once

	mu        sync.Mutex
	listeners map[chan WaitEvent]struct{}
	second    int64 // of the last event
	shown     int   // in it
	skipped   int

	said   []byte // the fleet, as it was told last
	saidAt time.Time
}

func newAudience(a *api) *audience {
	return &audience{api: a, closed: make(chan struct{}), listeners: map[chan WaitEvent]struct{}{}}
}

// close ends all listening.
func (a *audience) close() { a.once.Do(func() { close(a.closed) }) }

// join is nil where there is no seat left.
func (a *audience) join() chan WaitEvent {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.listeners) >= mostListeners {
		return nil
	}
	seat := make(chan WaitEvent, backlog)
	a.listeners[seat] = struct{}{}
	return seat
}

func (a *audience) leave(seat chan WaitEvent) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.listeners, seat)
}

// hear passes an event on. Nobody is waited for: who is too far behind is dropped.
func (a *audience) hear(e Event) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.listeners) == 0 {
		return
	}
	if second := e.When.Unix(); second != a.second {
		a.second, a.shown = second, 0
	}
	if a.shown >= mostShown {
		a.skipped++
		return
	}
	a.shown++
	event := a.event(e)
	a.skipped = 0
	for seat := range a.listeners {
		select {
		case seat <- event:
		default:
			delete(a.listeners, seat)
			close(seat)
		}
	}
}

func (a *audience) event(e Event) WaitEvent {
	w := WaitEvent{Decided: a.api.decided(e), Happens: "begins", Held: e.Held.Seconds(), Skipped: a.skipped}
	switch e.What {
	case Ends:
		w.Happens, w.Outcome = "ends", e.Outcome.String()
	case Denied:
		w.Happens = "denied"
	}
	return w
}

// serve is GET /api/v1/events: server-sent events (HTML, section 9.2), "fleet" every
// second and "wait" as waits begin and end.
func (a *audience) serve(w http.ResponseWriter, r *http.Request) {
	seat := a.join()
	if seat == nil {
		w.Header().Set("Retry-After", "10")
		sayProblem(w, http.StatusServiceUnavailable, fmt.Sprintf("%d listen already", mostListeners), "close another dashboard, or ask GET /api/v1/fleet now and then")
		return
	}
	defer a.leave(seat)
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no") // nginx would keep it back otherwise
	to := listener{w, http.NewResponseController(w)}
	tick, comment := time.NewTicker(beat), time.NewTicker(quiet)
	defer tick.Stop()
	defer comment.Stop()
	for err := to.say("fleet", a.fleet(time.Now())); err == nil; {
		select {
		case <-r.Context().Done():
			return
		case <-a.closed:
			return
		case <-comment.C:
			err = to.write(": still here\n\n")
		case now := <-tick.C:
			err = to.say("fleet", a.fleet(now))
		case e, ok := <-seat:
			if !ok {
				return // too slow
			}
			data, _ := json.Marshal(e)
			err = to.say("wait", data)
		}
	}
}

// fleet is made once a second, however many listen.
func (a *audience) fleet(now time.Time) []byte {
	a.mu.Lock()
	said, at := a.said, a.saidAt
	a.mu.Unlock()
	if said != nil && now.Sub(at) < beat/2 && now.Sub(at) >= 0 {
		return said
	}
	said, _ = json.Marshal(a.api.fleetAt(a.api.Now()))
	a.mu.Lock()
	a.said, a.saidAt = said, now
	a.mu.Unlock()
	return said
}

// listener is the connection of one who listens.
type listener struct {
	http.ResponseWriter
	control *http.ResponseController
}

func (l listener) say(event string, data []byte) error {
	return l.write("event: " + event + "\ndata: " + string(data) + "\n\n")
}

func (l listener) write(text string) error {
	_ = l.control.SetWriteDeadline(time.Now().Add(toWrite))
	if _, err := l.Write([]byte(text)); err != nil {
		return err
	}
	return l.control.Flush()
}
