package doctor

import (
	"strconv"
	"strings"
	"time"
)

// Report is what was found. Its JSON is a contract with scripts: names stay.
type Report struct {
	Upstream string   `json:"upstream"`
	Server   Server   `json:"server"`
	Folders  int      `json:"folders"`
	Wait     Wait     `json:"wait"`           // the long Ping
	Short    []Wait   `json:"short"`          // short ones that found nothing
	Cases    []Case   `json:"cases"`          // what was so, and what was said
	Load     *Load    `json:"load,omitempty"` // null: not tried
	Advice   Advice   `json:"advice"`
	Notes    []string `json:"notes,omitempty"` // what a person should know: what could not be tried, or put right
}

// Server is who answered.
type Server struct {
	Profile    string   `json:"profile,omitempty"` // "" not known
	Seen       string   `json:"seen,omitempty"`    // by what
	Versions   []string `json:"versions"`
	Software   string   `json:"software,omitempty"`   // its header Server
	ActiveSync string   `json:"activesync,omitempty"` // its header MS-Server-ActiveSync
	Realm      string   `json:"realm,omitempty"`
}

// Answer is the answer to a question about changes.
type Answer struct {
	State string `json:"state"` // unchanged, changed, unclear
	Says  string `json:"says"`  // a number, "status 2", "HTTP 501", or why it is unclear
	Took  Span   `json:"took_seconds"`
	limit time.Duration
}

// Wait is a Ping and its end.
type Wait struct {
	Asked Span `json:"asked_seconds"`
	Answer
	Means string `json:"means"`
}

// Case is one thing that was so, and what both questions said of it.
type Case struct {
	Event    string `json:"event"`
	Changed  bool   `json:"changed"`
	Estimate Answer `json:"estimate"`
	Ping     Answer `json:"ping"`
}

// Load is how many waits it takes until others suffer.
type Load struct {
	Tried  int  `json:"tried"`
	SlowAt int  `json:"slow_at"` // so many waits made OPTIONS slow; 0: none of them
	Before Span `json:"options_before_seconds"`
	Last   Span `json:"options_last_seconds"`
}

// Advice is what to write into the configuration.
type Advice struct {
	Fits      bool     `json:"fits"` // what is recommended was proven
	Profile   string   `json:"profile"`
	Hold      string   `json:"hold"` // edge is meant with a source, and pass without
	Check     string   `json:"check,omitempty"`
	Slice     Span     `json:"slice_seconds,omitempty"`
	MaxWaits  int      `json:"max_waits,omitempty"`
	MaxChecks int      `json:"max_checks,omitempty"`
	Estimates Proof    `json:"estimates"`
	Pings     Proof    `json:"pings"`
	Reasons   []string `json:"reasons"`
}

// Proof is how a question stands against what was so.
type Proof string

const (
	Proven  Proof = "exact"
	Refuted Proof = "wrong"
	Unseen  Proof = "not seen"
)

// Span is a length of time: seconds in JSON, and to the hundredth for people.
type Span time.Duration

// MarshalJSON writes seconds with milliseconds.
func (s Span) MarshalJSON() ([]byte, error) {
	return strconv.AppendFloat(nil, float64(time.Duration(s).Milliseconds())/1000, 'f', -1, 64), nil
}

// String is "5.09s" or "1m0.6s".
func (s Span) String() string {
	d := time.Duration(s)
	switch {
	case d < time.Second:
		return d.Round(time.Millisecond).String()
	case d < time.Minute:
		return d.Round(10 * time.Millisecond).String()
	}
	return d.Round(100 * time.Millisecond).String()
}

// rounded is to the second, as far as a time on a network says anything.
func (s Span) rounded() Span { return Span(time.Duration(s).Round(time.Second)) }

// briefly is "5m" and "1m30s", not "5m0s": the lengths of waits are round.
func briefly(d time.Duration) string {
	s := Span(d).String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}
