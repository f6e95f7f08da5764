package admin

import (
	"net/http"
	"time"

	"github.com/diastole/diastole/heartbeat"
	"github.com/diastole/diastole/policy"
)

// WhatIf is the answer to GET /api/v1/what-if: what the phones of a network, or of all
// of them, would do if the firewall allowed another time of silence. It is reckoned
// for each network and each way of looking for an interval that its phones showed, with
// as much news as came in their last waits.
type WhatIf struct {
	Minutes int    `json:"minutes"`
	Network string `json:"network"` // "" = all
	Devices int    `json:"devices"` // that asked within the last day, whose mean this is
	Before  Day    `json:"before"`
	After   Day    `json:"after"`
	// Others are networks whose own limit lies below what the box in front of us is seen
	// to allow: they stay as they are, whatever that box does.
	Others int `json:"networks_limited_elsewhere"`
}

// Day is what a phone's push costs and misses in 24 hours, on average.
type Day struct {
	Heartbeat float64 `json:"heartbeat_seconds"` // that its waits are given
	Requests  float64 `json:"requests_per_day"`
	Wakes     float64 `json:"radio_wakes_per_day"`
	Dead      float64 `json:"dead_share"` // of the day without push on a forgotten connection, 0 to 1
}

func dayOf(d heartbeat.Day) Day { return Day{d.Heartbeat.Seconds(), d.Requests, d.Wakes, d.Dead} }

// active are the devices that a what-if is about: those that have gone teach nothing
// of tomorrow.
const active = 24 * time.Hour

func (a *api) whatIf(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	minutes, ok := whole(w, query, number{"minutes", 0, 1, 60})
	if !ok {
		return
	}
	if minutes == 0 {
		sayWrong(w, "minutes is missing", "say how many the firewall is to allow: ?minutes=30")
		return
	}
	from, ok := networkAsked(w, query)
	if !ok {
		return
	}
	now := a.Now()
	crowd := a.crowd(r, now, from)
	ways := a.ways(now, from, time.Duration(minutes)*time.Minute)
	answer := WhatIf{Minutes: minutes, Network: from.Name, Devices: crowd.Devices(),
		Before: dayOf(crowd.Day(ways.before)), After: dayOf(crowd.Day(ways.after))}
	answer.Others = len(ways.elsewhere)
	sayJSON(w, answer)
}

func (a *api) crowd(r *http.Request, now time.Time, from meant) *heartbeat.Crowd {
	crowd := heartbeat.NewCrowd()
	for h := range a.Devices.Habits {
		if r.Context().Err() != nil || now.Sub(h.Seen) > active { // the one heard of last comes first
			break
		}
		if from.has(h.Network) {
			crowd.Add(h)
		}
	}
	return crowd
}

// ways are the ways of phones as they are and as they would be.
type ways struct {
	a         *api
	now       time.Time
	minutes   time.Duration
	box       time.Duration // that the box in front of all is seen to allow; 0: not known
	elsewhere map[heartbeat.Network]bool
}

func (a *api) ways(now time.Time, from meant, minutes time.Duration) *ways {
	p := &ways{a: a, now: now, minutes: minutes, elsewhere: map[heartbeat.Network]bool{}}
	if from.Name == "" { // otherwise that network's own box is meant
		p.box = p.allowed()
	}
	return p
}

// allowed is what the box in front of us allows: what the operator says, or else the
// most that any network has survived: its limit, or where none has shown, what its limit
// is believed to be at least. No way through it survives more.
func (p *ways) allowed() (box time.Duration) {
	if d := p.a.Decide(policy.Asker{}); d.Max > 0 {
		return d.Max
	}
	for n := range p.a.Networks.All {
		known := p.a.Networks.Advise(p.now, n)
		if box = max(box, known.Low); known.Interval > 0 {
			box = max(box, known.Limit)
		}
	}
	return box
}

// limit is the one that a network was shown to have; 0: none.
func (p *ways) limit(n heartbeat.Network) time.Duration {
	if known := p.a.Networks.Advise(p.now, n); known.Interval > 0 {
		return known.Limit
	}
	return 0
}

func (p *ways) before(n heartbeat.Network) heartbeat.Path {
	d, known := p.a.Decide(policy.Asker{Network: n.Name}), p.a.Networks.Advise(p.now, n)
	return heartbeat.Path{Limit: p.limit(n), Kept: seconds(atMost(d, known.Interval))}
}

// sameBox is how far a limit must lie below the box's for another to be the cause: the
// estimate is as fine as half a minute.
const sameBox = 90 * time.Second

func (p *ways) after(n heartbeat.Network) heartbeat.Path {
	limit := p.minutes
	if own := p.limit(n); own > 0 && p.box > 0 && own+sameBox < p.box {
		p.elsewhere[n] = true
		limit = min(limit, own)
	}
	d := p.a.Decide(policy.Asker{Network: n.Name})
	if d.Rule == policy.DefaultRule && d.Max > 0 {
		d.Max = p.minutes // whoever changes the firewall writes it down
	}
	// What is learned then: the limit, as fine as it can be told, less the margin.
	learned := limit.Truncate(30*time.Second) - d.Margin
	return heartbeat.Path{Limit: limit, Kept: seconds(atMost(d, max(learned, 30*time.Second)))}
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
