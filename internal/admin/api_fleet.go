package admin

import (
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/diastole/diastole/heartbeat"
)

// Standing is how the program stands at a moment.
type Standing struct {
	Version, Commit string
	Ready           string // "" while new phones may come; otherwise why not
	Profile, Hold   string // of the upstream, as configured
	Users           string // how they are written: hashed, plain
	Load            Load
	Sources         map[string]bool // that tell of changes: whether they are up
}

// Load is what the upstream has of us at a moment.
type Load struct {
	Waits        int `json:"waits"`        // at the upstream
	WaitsQueued  int `json:"waits_queued"` // held, and yet to go up
	Checks       int `json:"checks"`       // questions whether something has changed
	ChecksQueued int `json:"checks_queued"`
	Lingering    int `json:"lingering"` // of waits: nobody waits for them any more
}

// Fleet is the answer to GET /api/v1/fleet.
type Fleet struct {
	Now     string   `json:"now"`     // RFC 3339
	Started string   `json:"started"` // RFC 3339; all counts are since then
	Uptime  float64  `json:"uptime_seconds"`
	Pace    int      `json:"pace"` // how many times faster than ours the time goes in which all is said; 1 but in a demo
	Version string   `json:"version"`
	Commit  string   `json:"commit"`
	Ready   bool     `json:"ready"`
	Unready string   `json:"unready"` // why not, "" if it is
	Config  Modes    `json:"config"`
	Held    Held     `json:"held"`
	Load    Load     `json:"upstream"`
	Sources []Source `json:"sources"`
	Saved   Saved    `json:"saved"`
	Known   Known    `json:"known"`
	Windows []Window `json:"windows"` // the last 5 minutes, hour and day
}

// Modes are the settings that decide what happens to a wait.
type Modes struct {
	Policy
	Profile string `json:"profile"`
	Hold    string `json:"hold"`
	Users   string `json:"users"` // hashed, plain
}

// Held is how many waits there are at this moment: by kind, and by where they are.
type Held struct {
	Total    int `json:"total"`
	Ping     int `json:"ping"`
	Sync     int `json:"sync"`
	Edge     int `json:"edge"`     // here, the server has nothing of them
	Upstream int `json:"upstream"` // at the server
	Queued   int `json:"queued"`   // here, and yet to go up
}

// Source is who tells of changes.
type Source struct {
	Name string `json:"name"`
	Up   bool   `json:"up"`
}

// Saved is how long waits were held, how long a worker of the server was busy with
// them, and the difference: below 0 where waits linger there that nobody waits for.
type Saved struct {
	Held   float64 `json:"held_hours"`
	Worked float64 `json:"worker_hours"`
	Saved  float64 `json:"saved_hours"`
}

// Known is how much was learned.
type Known struct {
	Devices  int `json:"devices"`
	Networks int `json:"networks"`
}

// Window is what happened in the last while.
type Window struct {
	Minutes    int            `json:"minutes"`
	Waits      int            `json:"waits"` // that ended
	Outcomes   map[string]int `json:"outcomes"`
	Lost       int            `json:"lost"`       // answers that turned out not to have arrived
	Heartbeats []Heartbeats   `json:"heartbeats"` // of the waits that began
}

// Heartbeats are waits by their interval: those above the bound before, up to this one.
type Heartbeats struct {
	UpTo  float64 `json:"up_to_seconds"` // 0 = any more
	Asked int     `json:"asked"`
	Given int     `json:"given"`
}

func (a *api) fleet(w http.ResponseWriter, _ *http.Request) { sayJSON(w, a.fleetAt(a.Now())) }

// windows are how far back a Fleet looks, in minutes.
var windows = [...]int{5, 60, minutes}

func (a *api) fleetAt(now time.Time) Fleet {
	var s Standing
	if a.Standing != nil {
		s = a.Standing()
	}
	f := Fleet{
		Now: moment(now), Started: moment(a.Tally.began), Uptime: now.Sub(a.Tally.began).Truncate(time.Second).Seconds(),
		Pace:    max(a.Pace, 1),
		Version: s.Version, Commit: s.Commit, Ready: s.Ready == "", Unready: s.Ready,
		Config: Modes{a.policy(), s.Profile, s.Hold, s.Users}, Load: s.Load, Sources: sources(s.Sources),
		Known: Known{a.Devices.Len(), a.Networks.Len()},
	}
	a.Tally.fill(&f, now)
	f.Held.Queued = s.Load.WaitsQueued
	f.Held.Upstream = min(max(s.Load.Waits-s.Load.Lingering, 0), f.Held.Total)
	f.Held.Edge = max(f.Held.Total-f.Held.Upstream-f.Held.Queued, 0)
	return f
}

// fill adds what was counted.
func (t *Tally) fill(f *Fleet, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.worked.until(now, t.waiting())
	f.Held = Held{Total: t.waiting(), Ping: t.held["ping"], Sync: t.held["sync"]}
	f.Saved = Saved{t.worked.held / 3600, t.worked.used / 3600, (t.worked.held - t.worked.used) / 3600}
	for _, many := range windows {
		f.Windows = append(f.Windows, windowOf(many, t.history.since(now, many)))
	}
}

func windowOf(many int, sum minute) Window {
	w := Window{Minutes: many, Outcomes: map[string]int{}, Lost: int(sum.lost)}
	for o := heartbeat.Expired; o <= heartbeat.Drained; o++ {
		n := int(sum.outcomes[o])
		w.Outcomes[o.String()] = n
		w.Waits += n
	}
	for i := range sum.asks {
		h := Heartbeats{Asked: int(sum.asks[i]), Given: int(sum.gave[i])}
		if i < len(bounds) {
			h.UpTo = bounds[i].Seconds()
		}
		w.Heartbeats = append(w.Heartbeats, h)
	}
	return w
}

func sources(up map[string]bool) []Source {
	all := []Source{}
	for _, name := range slices.Sorted(maps.Keys(up)) {
		all = append(all, Source{name, up[name]})
	}
	return all
}
