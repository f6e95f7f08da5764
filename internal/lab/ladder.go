package lab

import "time"

// Ladder is how a kind of device looks for the longest wait that its path survives: data, not code.
type Ladder struct {
	Name  string
	Start time.Duration // what it asks first
	Step  time.Duration // how much it adds after a full quiet wait, and takes away where Drop says so
	Min   time.Duration // it never asks for less, except what a Status 5 gave it
	Max   time.Duration // nor for more
	Drop  Drop
}

// Drop is what a device does when a wait was not answered.
type Drop uint8

const (
	// DropNot stays where it is.
	DropNot Drop = iota
	// DropStep goes one step down, and up again with the next success.
	DropStep
	// DropStepOnce goes one step down if it is above all it ever reached, and never climbs again.
	DropStepOnce
	// DropBack goes back to the last good interval and settles there if it had just climbed; otherwise to Min.
	DropBack
)

// Event is how one wait ended, as a device can know it.
type Event uint8

const (
	// Expired is a Status 1. A device cannot know that it came early for a reason: it takes it for a success.
	Expired Event = iota + 1
	// Changed is an answer with news. It proves no full interval.
	Changed
	// Silent is no answer until the device's own timer ended the wait.
	Silent
	// Broken is a connection that was reset, or closed without an answer.
	Broken
	// Refused is a Status 5, which names a limit.
	Refused
)

// String names the event as it is shown in the demo.
func (e Event) String() string {
	return [...]string{"none", "expired", "changed", "silent", "broken", "refused"}[e]
}

// Climb is one device on its Ladder. It is pure: events in, intervals out.
type Climb struct {
	ladder   Ladder
	interval time.Duration
	good     time.Duration // the longest interval that was answered in full
	climbed  bool          // the interval was raised and has not been proven since
	settled  bool          // the limit is found: it stays
	fell     bool          // the last wait failed
	min, max time.Duration // the ladder's, moved by Status 5
}

// NewClimb starts at the ladder's foot.
func NewClimb(l Ladder) *Climb {
	return &Climb{ladder: l, interval: l.Start, min: l.Min, max: l.Max}
}

// Interval is what the device asks for now.
func (c *Climb) Interval() time.Duration { return c.interval }

// State says in a word where the search stands: "searching", "settled", "floor".
func (c *Climb) State() string {
	switch {
	case c.settled || c.ladder.Step == 0:
		return "settled"
	case c.fell && c.interval <= c.min:
		return "floor"
	case c.interval >= c.max && c.good >= c.max:
		return "settled"
	}
	return "searching"
}

// Next takes how the wait with the current interval ended and gives the next interval. limit is what a Refused
// named, otherwise 0.
func (c *Climb) Next(e Event, limit time.Duration) time.Duration {
	switch e {
	case Expired:
		c.up()
	case Silent, Broken:
		c.down(e)
	case Refused:
		c.adopt(limit)
	}
	return c.interval
}

// up proves the interval and climbs one step.
func (c *Climb) up() {
	c.good = max(c.good, c.interval)
	c.climbed, c.fell = false, false
	if c.settled || c.interval >= c.max {
		return
	}
	if next := min(c.interval+c.ladder.Step, c.max); next > c.interval {
		c.interval, c.climbed = next, true
	}
}

func (c *Climb) down(e Event) {
	switch c.ladder.Drop {
	case DropStep:
		c.interval = max(c.interval-c.ladder.Step, c.min)
	case DropStepOnce:
		// Only the watchdog and "reset by peer" count (EasSyncService.java), and only above the high-water mark.
		if c.interval > c.min && c.interval > c.good {
			c.interval, c.settled = max(c.interval-c.ladder.Step, c.min), true
		}
	case DropBack:
		// Silence right after a raise: the limit lies between, "so the limit is found" (Exchange 2013, Direct Push).
		if c.climbed {
			c.interval, c.settled = c.good, true
		} else {
			c.interval, c.settled, c.good = c.min, false, 0
		}
	}
	c.climbed, c.fell = false, true
}

// adopt takes the limit of a Status 5 verbatim, as every client read for this does. AOSP 4.4 to 7 forgets that it was
// a limit and climbs into it again; AOSP 4.0 moves its bound, and of the others we assume that too.
func (c *Climb) adopt(limit time.Duration) {
	if limit <= 0 {
		return
	}
	if c.ladder.Drop != DropStep {
		if limit > c.interval {
			c.min = limit
		} else {
			c.max = limit
		}
		c.settled = false
	}
	c.interval, c.climbed, c.fell = limit, false, false
}
