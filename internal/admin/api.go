package admin

import (
	"context"
	_ "embed"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/diastole/diastole/heartbeat"
	"github.com/diastole/diastole/policy"
)

// Learned is where the JSON API finds what was learned, and what is going on.
type Learned struct {
	Devices  *heartbeat.Tracker
	Networks *heartbeat.Networks
	// Now is the clock by which all of it was noted, nil: time.Now. Pace is how many
	// times faster than ours it goes, 0 is 1: phones of a demo live faster, and so does
	// whatever is said of them.
	Now  func() time.Time
	Pace int
	// Tally counts what happens; nil counts nothing.
	Tally *Tally
	// Standing says how the program stands at this moment; nil: nothing of it is shown.
	Standing func() Standing
	// Waits gives waits of a device that ended before a time, the youngest first; nil
	// shows those that Devices remembers.
	Waits func(ctx context.Context, k heartbeat.Key, before time.Time, limit int) ([]PastWait, error)
	// Decide says what holds for whoever asks; its zero value is a device of which
	// nothing is known, on a network without a configured name.
	Decide func(policy.Asker) policy.Decision
	// User writes a user as the log does, and a device by its id: the name itself, or
	// hexadecimal digits.
	User func(user string) string
	// Spellings are the names under which a user may be known who is written so.
	Spellings func(user string) []string
	// Secret is 32 random bytes, under which the ids of devices are sealed: with others
	// after a restart, the ids that were given out before lead nowhere.
	Secret [32]byte
	// Forget drops all that is known of a user, written as the phones sign in. An
	// error says that some of it may be left.
	Forget func(user string) (Forgotten, error)
}

// api is the JSON API at work.
type api struct {
	*Learned
	seal   seal
	turns  chan struct{} // of those that look at all devices
	events *audience
}

// mostLooks is how many may look at all devices at once: each of a million takes a
// processor for a tenth of a second, and phones come first.
const mostLooks = 2

func newAPI(l *Learned) *api {
	if l.Now == nil {
		l.Now = time.Now
	}
	if l.Tally == nil {
		l.Tally = NewTally(l.Now())
	}
	a := &api{Learned: l, seal: newSeal(l.Secret), turns: make(chan struct{}, mostLooks)}
	a.events = newAudience(a)
	l.Tally.Show(a.events.hear)
	return a
}

// A route is one thing that the API can do.
type route struct {
	method, path string
	handle       http.HandlerFunc
}

// routes are all of them; openapi.yaml names each.
func (a *api) routes() []route {
	return []route{
		{"GET", "/api/v1/fleet", a.fleet},
		{"GET", "/api/v1/networks", a.looking(a.networks)},
		{"GET", "/api/v1/networks/{name...}", a.network},
		{"GET", "/api/v1/devices", a.looking(a.devices)},
		{"GET", "/api/v1/devices/{id}", a.device},
		{"GET", "/api/v1/what-if", a.looking(a.whatIf)},
		{"GET", "/api/v1/decisions", a.decisions},
		{"GET", "/api/v1/events", a.events.serve},
		{"POST", "/api/v1/whois", a.whois},
		{"POST", "/api/v1/forget", a.forget},
		{"GET", "/api/v1/openapi.yaml", description},
	}
}

// handler is the API; what it does not know is answered in its own form too.
func (a *api) handler() http.Handler {
	mux, methods := http.NewServeMux(), map[string]bool{}
	for _, r := range a.routes() {
		mux.HandleFunc(r.method+" "+r.path, r.handle)
		methods[r.method] = true
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, pattern := mux.Handler(r); pattern != "" {
			mux.ServeHTTP(w, r)
			return
		}
		var allowed []string
		for method := range methods {
			other := r.Clone(r.Context())
			other.Method = method
			if _, pattern := mux.Handler(other); pattern != "" {
				allowed = append(allowed, method)
			}
		}
		if len(allowed) == 0 {
			sayProblem(w, http.StatusNotFound, "there is no "+r.URL.Path, "GET /api/v1/openapi.yaml lists what there is")
			return
		}
		w.Header().Set("Allow", strings.Join(allowed, ", "))
		sayProblem(w, http.StatusMethodNotAllowed, r.URL.Path+" does not know "+r.Method, "use "+strings.Join(allowed, " or "))
	})
}

//go:embed openapi.yaml
var openAPI string

// description is the API in OpenAPI's words.
func description(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/yaml") // RFC 9512 2.1
	io.WriteString(w, openAPI)
}

// looking has a handler wait for a turn, since it looks at all devices, unless whoever
// asked has gone meanwhile.
func (a *api) looking(handle http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		select {
		case a.turns <- struct{}{}:
			defer func() { <-a.turns }()
			handle(w, r)
		case <-r.Context().Done():
		}
	}
}

func sayJSON(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(value) // who does not read the answer does not miss it
}

func moment(t time.Time) string { return t.UTC().Format(time.RFC3339) }
