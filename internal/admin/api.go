package admin

import (
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/diastole/diastole/heartbeat"
	"github.com/diastole/diastole/policy"
)

// Learned is where the JSON API finds what was learned.
type Learned struct {
	// Devices gives all devices, the one heard of last first.
	Devices iter.Seq2[heartbeat.Key, heartbeat.DeviceState]
	// Networks gives all networks, the one heard of last first.
	Networks iter.Seq[heartbeat.Network]
	// Advise says what is known of a network.
	Advise func(now time.Time, n heartbeat.Network) heartbeat.Advice
	// Decide says what holds on a network for a device of which nothing else is
	// known; "" is a network without a configured name.
	Decide func(network string) policy.Decision
	// User writes a user as the log does.
	User func(user string) string
	// Forget drops all that is known of a user, written as the phones sign in. An
	// error says that some of it may be left.
	Forget func(user string) (Forgotten, error)
}

// How many items one answer has. A fleet may be a million phones, and whoever asks
// for all of them at once gets the first MaxItems and is told that there are more.
const (
	DefaultItems = 100
	MaxItems     = 1000
)

// longestSearch is longer than any name that is kept.
const longestSearch = 256

// Page says which part of all items an answer holds.
type Page struct {
	Offset int  `json:"offset"` // how many items were left out before the first
	Limit  int  `json:"limit"`  // how many there may be at most
	More   bool `json:"more"`   // there are others behind the last
}

// api adds the paths of the JSON API.
func api(mux *http.ServeMux, l *Learned) {
	mux.HandleFunc("GET /api/v1/devices", l.devices)
	mux.HandleFunc("GET /api/v1/networks", l.networks)
	mux.HandleFunc("POST /api/v1/forget", l.forget)
}

// request is what a page was asked for.
type request struct {
	Page
	search string // in lower case; "" finds everything
}

// pageAsked reads limit, offset and q. It answers a request that makes no sense
// itself, and is false then: to guess would show a script the wrong page for ever.
func pageAsked(w http.ResponseWriter, r *http.Request) (asked request, ok bool) {
	asked.Limit = DefaultItems
	query := r.URL.Query()
	for _, number := range []struct {
		name  string
		into  *int
		least int
	}{{"limit", &asked.Limit, 1}, {"offset", &asked.Offset, 0}} {
		text := query.Get(number.name)
		if text == "" {
			continue
		}
		n, err := strconv.Atoi(text)
		if err != nil || n < number.least {
			sayWrong(w, fmt.Sprintf("%s must be a whole number from %d", number.name, number.least))
			return asked, false
		}
		*number.into = n
	}
	asked.Limit = min(asked.Limit, MaxItems)
	asked.search = strings.ToLower(query.Get("q"))
	if len(asked.search) > longestSearch {
		sayWrong(w, fmt.Sprintf("q must not be longer than %d bytes", longestSearch))
		return asked, false
	}
	return asked, true
}

// found tells whether one of the names has what is searched for in it.
func (r *request) found(names ...string) bool {
	for _, name := range names {
		if strings.Contains(strings.ToLower(name), r.search) {
			return true
		}
	}
	return false
}

// turn of the next item that was found: left out, shown, or it stands behind the
// page, which ends the search.
func (r *request) turn(n int) (show, end bool) {
	r.More = n-r.Offset >= r.Limit
	return n >= r.Offset && !r.More, r.More
}

func sayWrong(w http.ResponseWriter, problem string) { sayError(w, http.StatusBadRequest, problem) }

func sayError(w http.ResponseWriter, status int, problem string) {
	sayJSON(w, status, struct {
		Error string `json:"error"`
	}{problem})
}

func sayJSON(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(value) // who does not read the answer does not miss it
}
